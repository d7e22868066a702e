#include "cluster/consistency.h"

#include <map>

#include "src/base/error.h"
#include "src/base/text_list.h"

namespace helio::cluster {
namespace {

// The value most ranks have; of equally frequent ones the one of the lowest rank.
std::string MostFrequent(const std::vector<std::string>& values) {
  std::map<std::string, int> votes;
  for (const auto& value : values) ++votes[value];
  const std::string* best = &values.front();
  for (const auto& value : values)
    if (votes[value] > votes[*best]) best = &value;
  return *best;
}

std::string Differences(const std::string& name, const std::vector<std::string>& values) {
  const auto expected = MostFrequent(values);
  std::string text;
  for (size_t rank = 0; rank < values.size(); ++rank)
    if (values[rank] != expected)
      AddToList(text, std::string("rank ") + std::to_string(rank) + " has " + values[rank]);
  return text.empty() ? "" : name + ": " + text + ", the others have " + expected;
}

}  // namespace

void CheckConsistency(Communicator& communicator, const Fingerprints& own) {
  std::string problems;
  for (const auto& [name, value] : own) {
    const auto difference = Differences(name, GatherStrings(communicator, value, "check of " + name));
    if (!difference.empty()) AddToList(problems, difference, "; ");
  }
  if (!problems.empty())
    ThrowUser("the ranks do not run the same job: " + problems, "start-up check",
              "same binary, flags and data on every host");
}

}  // namespace helio::cluster
