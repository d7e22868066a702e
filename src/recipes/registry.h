#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "src/base/option_list.h"
#include "src/recipes/program.h"
#include "src/recipes/system.h"

namespace helio::recipes {

// Weights of frozen or initial networks by the role they play for a system ("damsm", "captioner",
// "classifier"), each under the published names with their prefix ("text_encoder.", "image_encoder.",
// "caption_cnn.", "caption_rnn.", "classifier.").
struct PretrainedWeights {
  std::map<std::string, NamedTensors> by_role;
  bool random = false;  // missing ones get seeded random weights instead of an error

  // Empty where the user gave none.
  const NamedTensors& Of(const std::string& role) const;
};

// What the data set says, that networks are shaped by.
struct DataFacts {
  int64_t vocabulary = 0;                    // word ids are below it
  int64_t classes = 0;                       // class ids are below it; 0: the set has none
  int64_t embedding = 0;                     // dimensions of its sentence embeddings; 0: there are none
  std::vector<std::string> key_points = {};  // their names
  // How the embeddings were made, in words; the digest and the file of the network that made them, where
  // known.
  std::string sentences = {}, sentence_encoder = {}, sentence_encoder_file = {};
  int64_t sentence_words = 0;  // words of a caption that it read at most; 0: characters, or not known
};

// What a system is built from, besides its options.
struct Surroundings {
  GlobalBatch& norm_scope;  // what batch-norm statistics span; outlives the system
  // What losses span: means, wrong pairs, contrastive negatives; outlives the system.
  GlobalBatch& loss_scope;
  uint64_t seed = 1;
  PretrainedWeights weights;
  DataFacts data = {};  // of the first data set
};

// What weights may be for.
struct WeightRole {
  const char* name;  // --weights=NAME:FILE, or --NAME=FILE
  const char* help;
  std::string made_by;          // what to pass, for messages
  bool reads_no_words = false;  // goes with data of any vocabulary
};
const std::vector<WeightRole>& WeightRoles();
// Throws std::out_of_range where there is none.
const WeightRole& WeightRoleOf(const std::string& name);

// One row a system.
struct Registration {
  std::string name;
  Program program;
  std::vector<std::string> weights;  // roles it takes, of WeightRoles()
  void (*declare)(OptionList&);      // the options it reads, bound to a struct of defaults
  std::unique_ptr<System> (*make)(const OptionValues&, const Surroundings&);
  int64_t least_rows = 2;  // of a micro-batch, over all ranks: wrong pairs and batch norm need two
};

const std::vector<Registration>& Systems();

// Null where there is none of that name.
const Registration* SystemOrNull(const std::string& name);
// Throws Error{kUser} listing the known names.
const Registration& FindSystem(const std::string& name);

// The system `name` with those of its options that `values` names; others' are passed over. Throws
// Error{kUser} as FindSystem and OptionList::Assign, or naming the weights it lacks.
std::unique_ptr<System> MakeSystem(const std::string& name, const OptionValues& values,
                                   const Surroundings& surroundings);

std::vector<std::string> SystemNames();
std::vector<std::string> SystemNames(Program program);

}  // namespace helio::recipes
