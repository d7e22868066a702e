#include "src/app/flag_problems.h"

#include <gflags/gflags.h>

#include <algorithm>

namespace helio::app {
namespace {

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

// The flags that a program knows.
struct KnownFlags {
  const std::vector<FlagText>& ours;
  const std::vector<std::string>& others;

  const FlagText* Find(const std::string& name) const {
    const auto found = std::ranges::find(ours, name, &FlagText::name);
    return found == ours.end() ? nullptr : &*found;
  }

  bool Has(const std::string& name) const {
    if (Find(name) || std::ranges::find(others, name) != others.end()) return true;
    if (!name.starts_with("no")) return false;
    const auto* negated = Find(name.substr(2));
    return negated && negated->is_bool;
  }

  std::string Nearest(const std::string& name) const {
    auto names = others;
    for (const auto& flag : ours) names.push_back(flag.name);
    return NearestName(name, names);
  }

  // Whether the next argument is the flag's value.
  bool TakesNext(const NamedValue& flag) const {
    const auto* known = Find(flag.name);
    return known && !known->is_bool && !flag.value;
  }
};

std::string UnknownName(const std::string& name, const KnownFlags& known) {
  if (known.Has(name)) return "";
  const auto nearest = known.Nearest(name);
  return "--" + name + ": no such flag" + (nearest.empty() ? "" : " (did you mean --" + nearest + "?)");
}

// Sets the flag of ours. The type that its value is not of, empty if it is.
std::string MissedType(const NamedValue& flag, const KnownFlags& known) {
  gflags::CommandLineFlagInfo info;
  if (!flag.value || !known.Find(flag.name) || !gflags::GetCommandLineFlagInfo(flag.name.c_str(), &info))
    return "";
  return gflags::SetCommandLineOption(flag.name.c_str(), flag.value->c_str()).empty() ? info.type : "";
}

}  // namespace

std::string NearestName(const std::string& name, const std::vector<std::string>& known) {
  const auto nearest = std::ranges::min_element(known, {}, [&](const auto& k) { return Edits(name, k); });
  if (nearest == known.end() || Edits(name, *nearest) > 1 + name.size() / 4) return "";
  return *nearest;
}

std::string FlagProblems(const std::vector<Argument>& arguments, const std::vector<FlagText>& ours,
                         const std::vector<std::string>& others) {
  const KnownFlags known{ours, others};
  std::string problems;
  bool is_value = false;  // of the flag before it
  for (const auto& [text, from] : arguments) {
    if (text == "--") break;
    const auto where = "\n  " + (from.empty() ? "" : from.string() + ": ");
    if (!from.empty() && !text.starts_with("-")) problems += where + text + ": is no flag (--name=value)";
    const auto flag = is_value ? std::nullopt : ParseArgument(text);
    is_value = flag && known.TakesNext(*flag);
    if (!flag) continue;
    if (const auto problem = UnknownName(flag->name, known); !problem.empty()) problems += where + problem;
    if (const auto type = MissedType(*flag, known); !type.empty())
      problems += where + text + ": not of type " + type;
  }
  return problems;
}

}  // namespace helio::app
