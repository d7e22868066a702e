#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "dataio/held_out.h"
#include "dataio/loader.h"
#include "src/recipes/registry.h"

namespace helio::app {

// The data sets of a run by role (--data), and their held-out rows. The main one is that of role "data", or
// the first. Immutable.
class TrainingData {
 public:
  // Throws Error as Dataset.
  explicit TrainingData(const std::map<std::string, std::string>& folders);

  const dataio::Dataset& train() const { return *train_.at(main_role_); }
  const dataio::Dataset& test() const { return *test_.at(main_role_); }
  recipes::DataFacts Facts() const;  // of the main data set
  // Warnings that a run of a system that reads `needs` should begin with.
  std::vector<std::string> Concerns(const std::vector<dataio::DomainNeeds>& needs) const;

  // What a loader reads for a system, and keeps alive. Throws Error{kUser} naming the role that --data lacks.
  std::vector<dataio::LoaderSource> Sources(const std::vector<dataio::DomainNeeds>& needs) const;
  // Held-out rows of the data sets that a system reads, with the others' counterparts of the first one's rows
  // where they are known: by their ids.
  std::vector<dataio::HeldOut> HeldOutRows(const std::vector<dataio::DomainNeeds>& needs) const;
  // Checks the held-out rows, which samples and scores are made of: at the last step at least, whatever the
  // cadence. Throws Error{kUser} where they lack the sentence embeddings that the system reads, or have those
  // of another encoder than the training rows, and Error{kData} where they are damaged: reads all of them.
  void CheckHeldOut(const std::vector<dataio::DomainNeeds>& needs) const;
  // What a validation of the system reads; nothing where it needs counterparts that are not known.
  std::vector<dataio::HeldOut> RowsFor(const recipes::Validation& validation,
                                       const std::vector<dataio::DomainNeeds>& needs) const;
  // Rows of the largest data set that the system reads: what an epoch goes through.
  int64_t Rows(const std::vector<dataio::DomainNeeds>& needs) const;
  // Tells data apart: what a resume must agree on. Throws Error{kData} where sentence vectors are damaged.
  std::string Digest(const std::vector<dataio::DomainNeeds>& needs) const;

 private:
  const std::map<std::string, std::shared_ptr<const dataio::Dataset>> train_, test_;
  const std::string main_role_;
};

// What a packed data set says of itself, and its embeddings where it has any.
recipes::DataFacts FactsOf(const dataio::Dataset& dataset);

// Beside each checkpoint, so that its system can be built without the data.
constexpr const char* kFactsFile = "data_facts.json";
Json ToJson(const recipes::DataFacts& facts);
recipes::DataFacts FactsFromJson(const Json& json, const std::string& where);

}  // namespace helio::app
