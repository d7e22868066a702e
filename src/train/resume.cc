#include "src/train/resume.h"

#include <map>
#include <set>
#include <sstream>

namespace helio::train {
namespace {

std::map<std::string, std::string> ParseFlagfile(const std::string& text) {
  std::map<std::string, std::string> flags;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto equals = line.find('=');
    if (line.starts_with("--") && equals != std::string::npos)
      flags[line.substr(2, equals - 2)] = line.substr(equals + 1);
  }
  return flags;
}

std::set<std::string> SplitNames(const std::string& text) {
  std::set<std::string> names;
  std::istringstream parts(text);
  for (std::string name; std::getline(parts, name, ',');) names.insert(name);
  return names;
}

std::string ValueOf(const std::map<std::string, std::string>& flags, const std::string& name) {
  const auto found = flags.find(name);
  return found == flags.end() ? "(none)" : found->second;
}

}  // namespace

std::string FlagDifferences(const std::string& recorded, const std::string& now, const std::string& allowed) {
  const auto before = ParseFlagfile(recorded), after = ParseFlagfile(now);
  const auto ignored = SplitNames(allowed);
  std::set<std::string> names;
  for (const auto& flag : before) names.insert(flag.first);
  for (const auto& flag : after) names.insert(flag.first);
  std::string differences;
  for (const auto& name : names) {
    const auto old_value = ValueOf(before, name), new_value = ValueOf(after, name);
    if (old_value != new_value && !ignored.contains(name))
      differences += "\n  --" + name + ": " + old_value + " -> " + new_value;
  }
  return differences;
}

std::string ContentDifference(const std::string& name, const std::string& recorded, const std::string& now,
                              const std::string& allowed) {
  if (recorded.empty() || recorded == now || SplitNames(allowed).contains(name)) return "";
  return "\n  --" + name + ": content " + recorded + " -> " + now;
}

}  // namespace helio::train
