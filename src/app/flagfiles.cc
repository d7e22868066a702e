#include "src/app/flagfiles.h"

#include <fstream>

#include "src/base/byte_order_mark.h"
#include "src/base/error.h"

namespace helio::app {
namespace {

namespace fs = std::filesystem;

constexpr int kDeepest = 10;  // flagfile in a flagfile: more is a circle

// Where the flagfile `path` is that `from` names (empty: the command line): below the current folder, or
// below a folder above `from`: configurations name each other from their root, wherever that is installed.
fs::path FlagFile(const std::string& path, const fs::path& from) {
  std::error_code error;
  if (path.empty() || from.empty() || fs::exists(path, error)) return path;
  for (auto folder = fs::absolute(from).parent_path(); folder.has_relative_path();
       folder = folder.parent_path())
    if (fs::exists(folder / path, error)) return folder / path;
  return path;
}

std::vector<std::string> FlagLines(const std::string& path) {
  std::error_code unknown;
  if (fs::is_directory(path, unknown)) ThrowUser("is a directory, expected a file", "--flagfile=" + path);
  std::ifstream file(path);
  if (!file) ThrowUser("cannot be opened", "--flagfile=" + path, "paths are relative to the current folder");
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    if (line.find('\0') != std::string::npos || line.starts_with("\xFF\xFE"))
      ThrowUser("is no UTF-8 text", "--flagfile=" + path, "save it as UTF-8");
    DropByteOrderMark(line);
    line.erase(line.find_last_not_of(" \t\r") + 1);
    line.erase(0, line.find_first_not_of(" \t"));
    if (!line.empty() && line[0] != '#') lines.push_back(line);
  }
  return lines;
}

bool IsFlagfileAlone(const std::string& argument) {
  const auto flag = ParseArgument(argument);
  return flag && flag->name == "flagfile" && !flag->value;
}

// The flagfile that arguments[place] names; empty: none. Of a command line's "--flagfile FILE" `place`
// becomes FILE's.
std::string NamedFlagfile(const std::vector<std::string>& arguments, size_t& place, const fs::path& from) {
  if (!IsFlagfileAlone(arguments[place])) return ValueOf(arguments[place], "flagfile");
  if (!from.empty() || place + 1 == arguments.size())
    ThrowUser("--flagfile names no file", from.empty() ? "command line" : from.string(), "--flagfile=FILE");
  return arguments[++place];
}

void Expand(const std::vector<std::string>& arguments, const fs::path& from, int depth,
            std::vector<Argument>& all) {
  if (depth > kDeepest) ThrowUser("flagfiles name each other in a circle", from.string());
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (const auto path = FlagFile(NamedFlagfile(arguments, i, from), from); path.empty())
      all.push_back({arguments[i], from});
    else
      Expand(FlagLines(path), path, depth + 1, all);
  }
}

}  // namespace

std::vector<Argument> ExpandFlagfiles(const std::vector<std::string>& arguments) {
  std::vector<Argument> all;
  Expand(arguments, {}, 0, all);
  return all;
}

std::optional<NamedValue> ParseArgument(const std::string& argument) {
  const auto begin = argument.find_first_not_of('-'), equals = argument.find('=');
  if (begin == 0 || begin > 2 || begin == equals) return std::nullopt;  // all dashes: begin is npos
  NamedValue flag{argument.substr(begin, equals - begin), std::nullopt};
  if (equals != std::string::npos) flag.value = argument.substr(equals + 1);
  return flag;
}

std::string ValueOf(const std::string& argument, const std::string& name) {
  const auto flag = ParseArgument(argument);
  return flag && flag->name == name ? flag->value.value_or("") : "";
}

}  // namespace helio::app
