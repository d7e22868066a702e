#include "src/app/help.h"

#include <algorithm>

namespace helio::app {
namespace {

constexpr size_t kTextColumn = 34;

// In this order; other groups follow.
constexpr const char* kGroups[] = {
    "What is trained",   "Shapes", "Losses", "Optimizers", "Checkpoints, reports",
    "Ranks and machine", "Metrics"};

// The groups of `flags`, in the order of help.
std::vector<std::string> GroupsOf(const std::vector<FlagText>& flags) {
  std::vector<std::string> groups(std::begin(kGroups), std::end(kGroups));
  for (const auto& flag : flags)
    if (!flag.group.empty() && std::ranges::find(groups, flag.group) == groups.end())
      groups.push_back(flag.group);
  return groups;
}

std::string Line(const FlagText& flag) {
  std::string line = "  --" + flag.name + "=" + flag.value;
  line += std::string(line.size() < kTextColumn ? kTextColumn - line.size() : 1, ' ');
  return line + flag.text + "\n";
}

std::string Section(const std::string& title, const std::vector<FlagText>& flags, const std::string& group) {
  std::string lines;
  for (const auto& flag : flags)
    if (flag.group == group) lines += Line(flag);
  return lines.empty() ? "" : "\n" + title + "\n" + lines;
}

}  // namespace

std::string HelpText(const std::string& usage, const std::vector<FlagText>& flags) {
  std::string text = usage + "\n" + Section("This program", flags, "");
  for (const auto& group : GroupsOf(flags)) text += Section(group, flags, group);
  return text + "\nEvery program\n" + Line({"flagfile", "FILE", "Read flags from a file (see configs/)"});
}

}  // namespace helio::app
