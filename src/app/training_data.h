#pragma once
#include <map>
#include <string>
#include <vector>

#include "dataio/loader.h"
#include "src/recipes/registry.h"

namespace helio::app {

// The data sets of a run by role (--data), and the held-out rows of the main one: that of role "data", or the
// first. Immutable.
class TrainingData {
 public:
  // Throws Error as Dataset.
  explicit TrainingData(const std::map<std::string, std::string>& folders);

  const dataio::Dataset& train() const { return *main_; }
  const dataio::Dataset& test() const { return test_; }
  recipes::DataFacts Facts() const;           // of the main data set
  std::vector<std::string> Concerns() const;  // what a run should not begin with unsaid

  // What a loader is to read for a system. Throws Error{kUser} naming the role that --data lacks.
  std::vector<dataio::LoaderSource> Sources(const std::vector<dataio::DomainNeeds>& needs) const;
  // Rows of the largest data set that the system reads: what an epoch goes through.
  int64_t Rows(const std::vector<dataio::DomainNeeds>& needs) const;
  // Tells data apart: what a resume must agree on.
  std::string Digest(const std::vector<dataio::DomainNeeds>& needs) const;

 private:
  std::map<std::string, dataio::Dataset> train_;
  const dataio::Dataset* main_;
  const dataio::Dataset test_;
};

// Of a packed data set.
recipes::DataFacts FactsOf(const dataio::Dataset& dataset);

// Beside each checkpoint, so that its system can be built without the data.
constexpr const char* kFactsFile = "data_facts.json";
Json ToJson(const recipes::DataFacts& facts);
recipes::DataFacts FactsFromJson(const Json& json, const std::string& where);

}  // namespace helio::app
