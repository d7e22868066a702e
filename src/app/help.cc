#include "src/app/help.h"

#include <algorithm>
#include <numeric>

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

// Letters put in, left out or replaced, and neighbours exchanged.
size_t Edits(const std::string& a, const std::string& b) {
  std::vector<std::vector<size_t>> edits(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) edits[i][0] = i;
  for (size_t j = 0; j <= b.size(); ++j) edits[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i)
    for (size_t j = 1; j <= b.size(); ++j) {
      edits[i][j] =
          std::min({edits[i - 1][j - 1] + (a[i - 1] != b[j - 1]), edits[i - 1][j] + 1, edits[i][j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        edits[i][j] = std::min(edits[i][j], edits[i - 2][j - 2] + 1);
    }
  return edits[a.size()][b.size()];
}

const FlagText* Find(const std::vector<FlagText>& flags, const std::string& name) {
  const auto found = std::ranges::find(flags, name, &FlagText::name);
  return found == flags.end() ? nullptr : &*found;
}

bool IsKnown(const std::string& name, const std::vector<FlagText>& flags,
             const std::vector<std::string>& others) {
  if (Find(flags, name) || std::ranges::find(others, name) != others.end()) return true;
  if (!name.starts_with("no")) return false;
  const auto* negated = Find(flags, name.substr(2));
  return negated && negated->is_bool;
}

// The name in "--name=value", "-name"; empty if the argument is no flag.
std::string NameIn(const std::string& argument) {
  const auto begin = argument.find_first_not_of('-');
  if (begin == 0 || begin == std::string::npos || begin > 2) return "";
  return argument.substr(begin, argument.find('=') - begin);
}

}  // namespace

std::string HelpText(const std::string& usage, const std::vector<FlagText>& flags) {
  std::string text = usage + "\n" + Section("This program", flags, "");
  for (const auto& group : GroupsOf(flags)) text += Section(group, flags, group);
  return text + "\nEvery program\n" + Line({"flagfile", "FILE", "Read flags from a file (see configs/)"});
}

std::string NearestName(const std::string& name, const std::vector<std::string>& known) {
  const auto nearest = std::ranges::min_element(known, {}, [&](const auto& k) { return Edits(name, k); });
  if (nearest == known.end() || Edits(name, *nearest) > 1 + name.size() / 4) return "";
  return *nearest;
}

std::vector<std::string> UnknownFlags(const std::vector<std::string>& arguments,
                                      const std::vector<FlagText>& flags,
                                      const std::vector<std::string>& others) {
  std::vector<std::string> known = others, problems;
  for (const auto& flag : flags) known.push_back(flag.name);
  for (size_t i = 0; i < arguments.size() && arguments[i] != "--"; ++i) {
    const auto name = NameIn(arguments[i]);
    if (name.empty()) continue;
    if (IsKnown(name, flags, others)) {
      const auto* flag = Find(flags, name);
      if (flag && !flag->is_bool && arguments[i].find('=') == std::string::npos) ++i;  // its value
      continue;
    }
    const auto nearest = NearestName(name, known);
    problems.push_back("--" + name + ": no such flag" +
                       (nearest.empty() ? "" : " (did you mean --" + nearest + "?)"));
  }
  return problems;
}

}  // namespace helio::app
