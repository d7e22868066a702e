#include "src/app/flag_problems.h"

#include <gflags/gflags.h>

#include <algorithm>
#include <cctype>

#include "cluster/launch_environment.h"
#include "src/base/log.h"

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
  const ProcessFlags& flags;

  const FlagText* Find(const std::string& name) const {
    const auto found = std::ranges::find(flags.ours, name, &FlagText::name);
    return found == flags.ours.end() ? nullptr : &*found;
  }

  bool Has(const std::string& name) const {
    if (Find(name) || std::ranges::find(flags.others, name) != flags.others.end()) return true;
    if (!name.starts_with("no")) return false;
    const auto* negated = Find(name.substr(2));
    return negated && negated->is_bool;
  }

  std::string Nearest(const std::string& name) const {
    auto names = flags.others;
    for (const auto& flag : flags.ours) names.push_back(flag.name);
    return NearestName(name, names);
  }

  // Whether the next argument is the flag's value.
  bool TakesNext(const NamedValue& flag) const {
    const auto* known = Find(flag.name);
    return known && !known->is_bool && !flag.value;
  }
};

// "--side 76" in one argument, as in a line of a file.
std::string BlankForEquals(const NamedValue& flag, const KnownFlags& known) {
  constexpr const char* kBlanks = " \t";
  const auto end = flag.name.find_first_of(kBlanks);
  const auto name = flag.name.substr(0, end);
  if (end == std::string::npos || !known.Has(name)) return "";
  const auto value = flag.name.find_first_not_of(kBlanks, end);
  if (flag.name.ends_with(" \\")) return " (leave the backslash out)";
  return " (write --" + name + "=" + flag.name.substr(std::min(value, flag.name.size())) +
         (flag.value ? "=" + *flag.value : "") + ")";
}

std::string UnknownName(const NamedValue& flag, const KnownFlags& known) {
  if (known.Has(flag.name)) return "";
  const auto what = "--" + flag.name + ": no such flag";
  if (const auto remedy = BlankForEquals(flag, known); !remedy.empty()) return what + remedy;
  const auto nearest = known.Nearest(flag.name);
  return what + (nearest.empty() ? "" : " (did you mean --" + nearest + "?)");
}

// A comment behind a value in a file, which the flags library takes for a part of the value. Names like "run
// #3" are left alone.
std::string StrayComment(const std::string& value) {
  for (auto at = value.find('#', 1); at != std::string::npos; at = value.find('#', at + 1))
    if ((value[at - 1] == ' ' || value[at - 1] == '\t') &&
        (at + 1 == value.size() || std::isdigit(static_cast<unsigned char>(value[at + 1])) == 0))
      return "the comment is part of the value (# begins one at the start of a line only)";
  return "";
}

// A shell's backslash at the end of a line that is continued.
std::string StrayBackslash(const std::string& value) {
  return value == "\\" || value.ends_with(" \\") ? "the backslash is part of the value (leave it out)" : "";
}

// A shell's quotes around the value.
std::string StrayQuotes(const std::string& value) {
  const bool quoted =
      value.size() > 1 && value.front() == value.back() && (value.front() == '"' || value.front() == '\'');
  return quoted ? "the quotes are part of the value (leave them out)" : "";
}

bool IsOfText(const std::string& name) {
  gflags::CommandLineFlagInfo info;
  return gflags::GetCommandLineFlagInfo(name.c_str(), &info) && info.type == "string";
}

// A comment, a backslash, or quotes around what is no text, cannot be meant. Quotes around a text may be
// meant, as may all that a run wrote into its own run.flags, where values are as the command line gave them:
// one rank warns of these.
std::string StrayText(const Argument& line, const NamedValue& flag) {
  auto behind = StrayComment(*flag.value);
  if (behind.empty()) behind = StrayBackslash(*flag.value);
  const auto stray = behind.empty() ? StrayQuotes(*flag.value) : behind;
  if (stray.empty()) return "";
  const bool may_be_meant = behind.empty() || line.from.filename() == "run.flags";
  if (!may_be_meant || !IsOfText(flag.name)) return line.text + ": " + stray;
  LOG_IF(WARNING, cluster::LauncherRank() == 0) << line.from.string() << ": " << line.text << ": " << stray;
  return "";
}

// Sets the flag if it is one of ours. Returns its type where the value is of another; else empty.
std::string MissedType(const NamedValue& flag, const KnownFlags& known) {
  gflags::CommandLineFlagInfo info;
  if (!flag.value || !known.Find(flag.name) || !gflags::GetCommandLineFlagInfo(flag.name.c_str(), &info))
    return "";
  return gflags::SetCommandLineOption(flag.name.c_str(), flag.value->c_str()).empty() ? info.type : "";
}

// What is wrong with an argument that is a flag.
std::string ProblemOf(const Argument& argument, const NamedValue& flag, const KnownFlags& known) {
  if (const auto problem = UnknownName(flag, known); !problem.empty()) return problem;
  if (!argument.from.empty() && flag.value)
    if (const auto stray = StrayText(argument, flag); !stray.empty()) return stray;
  const auto type = MissedType(flag, known);
  return type.empty() ? "" : argument.text + ": not of type " + type;
}

}  // namespace

std::string NearestName(const std::string& name, const std::vector<std::string>& known) {
  const auto nearest = std::ranges::min_element(known, {}, [&](const auto& k) { return Edits(name, k); });
  if (nearest == known.end() || Edits(name, *nearest) > 1 + name.size() / 4) return "";
  return *nearest;
}

std::string FlagProblems(const std::vector<Argument>& arguments, const ProcessFlags& flags) {
  const KnownFlags known{flags};
  std::string problems;
  bool is_value = false;  // of the flag before it
  for (const auto& argument : arguments) {
    const auto& [text, from] = argument;
    if (text == "--") break;
    const auto where = "\n  " + (from.empty() ? "" : from.string() + ": ");
    if (!from.empty() && !text.starts_with("-")) problems += where + text + ": is no flag (--name=value)";
    const auto flag = is_value ? std::nullopt : ParseArgument(text);
    is_value = flag && known.TakesNext(*flag);
    if (!flag) continue;
    if (const auto problem = ProblemOf(argument, *flag, known); !problem.empty()) problems += where + problem;
  }
  return problems;
}

}  // namespace helio::app
