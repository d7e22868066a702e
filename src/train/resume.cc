#include "src/train/resume.h"

#include <set>

#include "src/base/numbers.h"
#include "src/base/text_list.h"

namespace helio::train {
namespace {

std::set<std::string> SplitNames(const std::string& text) {
  const auto names = Split(text);
  return {names.begin(), names.end()};
}

std::string ValueOf(const OptionValues& flags, const std::string& name) {
  const auto found = flags.find(name);
  return found == flags.end() ? "(none)" : found->second;
}

// Also numbers that are written differently.
bool SameValue(const std::string& a, const std::string& b) {
  const auto x = ParseNumber<double>(a), y = ParseNumber<double>(b);
  return a == b || (x && y && *x == *y);
}

}  // namespace

std::optional<Snapshot> FindCheckpoint(const std::filesystem::path& root, const std::string& from) {
  if (from == kFromNothing) return std::nullopt;
  if (from != kFromNewest) return ReadCheckpoint(from);
  auto newest = ReadNewestCheckpoint(root);
  if (!newest && !ListCheckpoints(root).empty())
    ThrowData("holds checkpoints, but none of them is whole", root.string(), "start anew with --resume=none");
  return newest;
}

std::optional<Snapshot> FindWayBack(const std::filesystem::path& root) {
  auto good =
      ReadNewestCheckpoint(root, [](const CheckpointInfo& info) { return info.history.is_way_back(); });
  return good ? std::move(good) : FindCheckpoint(root, "auto");
}

void CheckIdentity(const Snapshot& snapshot, const RunIdentity& identity, const std::string& allowed,
                   const std::string& where) {
  const auto& recorded = snapshot.info.identity;
  const auto differences = FlagDifferences(recorded.flags, identity, allowed) +
                           ContentDifference("--data", recorded.data, identity.data, allowed) +
                           ContentDifference("frozen", recorded.frozen, identity.frozen, allowed);
  if (!differences.empty())
    ThrowUser(
        "the checkpoint was made with other flags:" + differences, where,
        "use the same flags, name the changed ones in --resume_override, or start anew with --resume=none");
  if (recorded.vocabulary != identity.vocabulary)
    ThrowUser("the data set's vocabulary is not the checkpoint's", where,
              "pack the data with --vocab of the checkpoint");
}

std::string LengthDifference(const std::string& recorded, const std::string& now) {
  const auto before = ParseFlagfile(recorded), after = ParseFlagfile(now);
  std::string difference;
  for (const auto* name : {"steps", "epochs"})
    if (before.contains(name) && !SameValue(ValueOf(before, name), ValueOf(after, name)))
      AddToList(difference,
                "--" + std::string(name) + ": " + ValueOf(before, name) + " -> " + ValueOf(after, name));
  return difference;
}

std::string FlagDifferences(const std::string& recorded, const RunIdentity& identity,
                            const std::string& allowed) {
  const auto before = ParseFlagfile(recorded), after = ParseFlagfile(identity.flags),
             defaults = ParseFlagfile(identity.defaults);
  const auto ignored = SplitNames(allowed);
  std::string differences;
  for (const auto& [name, value] : after) {
    const auto old_value = ValueOf(before.contains(name) ? before : defaults, name);
    if (!SameValue(old_value, value) && !ignored.contains(name))
      differences += "\n  --" + name + ": " + old_value + " -> " + value;
  }
  return differences;
}

std::string ContentDifference(const std::string& name, const std::string& recorded, const std::string& now,
                              const std::string& allowed) {
  const auto bare = name.substr(std::min(name.find_first_not_of('-'), name.size()));
  if (recorded.empty() || recorded == now || SplitNames(allowed).contains(bare)) return "";
  return "\n  " + name + ": content " + recorded + " -> " + now;
}

}  // namespace helio::train
