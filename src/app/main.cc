#include "src/app/main.h"

#include <gflags/gflags.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iostream>

#include "cluster/launch.h"
#include "src/app/help.h"
#include "src/app/json_log.h"
#include "src/base/byte_order_mark.h"
#include "src/base/error.h"
#include "src/base/failure.h"
#include "src/base/file_system.h"
#include "src/base/heap.h"

namespace helio::app {
namespace {

// What "--name=value" or "-name=value" gives `name`; empty if it is another argument.
std::string ValueOf(const std::string& argument, const std::string& name) {
  for (const auto* dashes : {"--", "-"})
    if (argument.starts_with(dashes + name + "="))
      return argument.substr(name.size() + 1 + std::strlen(dashes));
  return "";
}

std::string Help(const ProgramText& program, const std::string& recipe) {
  if (program.of_recipe && !recipe.empty())
    return HelpText(program.usage + "\nWhat --recipe=" + recipe + " reads:", program.of_recipe(recipe));
  std::vector<std::string> others;
  auto flags = OurFlags(others);
  if (program.shared.empty()) return HelpText(program.usage, flags);
  std::erase_if(flags, [&](const FlagText& flag) {
    return !flag.group.empty() && !program.shared.contains(flag.name);
  });
  return HelpText(program.usage, flags) +
         (program.of_recipe
              ? "\n--help --recipe=NAME shows all that one system reads, with its defaults.\n"
              : "The checkpoint knows what it was trained with; flags of helio-train override it.\n");
}

void ExitOnHelp(int argc, char** argv, const ProgramText& program) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  std::string recipe;
  for (const auto& argument : arguments)
    if (const auto value = ValueOf(argument, "recipe"); !value.empty()) recipe = value;
  for (const auto& argument : arguments) {
    if (argument != "--help" && argument != "-h" && argument != "-help") continue;
    std::cout << Help(program, recipe);
    std::exit(0);
  }
}

// Where the flagfile `path` is that `from` names (empty: the command line): below the current folder, or
// below a folder above `from`: configurations name each other from their root, wherever that is installed.
std::filesystem::path FlagFile(const std::string& path, const std::filesystem::path& from) {
  std::error_code error;
  if (path.empty() || from.empty() || std::filesystem::exists(path, error)) return path;
  for (auto folder = std::filesystem::absolute(from).parent_path(); folder.has_relative_path();
       folder = folder.parent_path())
    if (std::filesystem::exists(folder / path, error)) return folder / path;
  return path;
}

// The lines of a flagfile, without a byte-order mark; empty ones and comments (#) are dropped.
std::vector<std::string> FlagLines(const std::string& path) {
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

// Arguments with each --flagfile replaced by its lines: the flags library would read a byte-order mark as
// part of the first flag, and pass over it.
std::vector<std::string> Expanded(const std::vector<std::string>& arguments,
                                  const std::filesystem::path& from = {}, int depth = 0) {
  if (depth > 10) ThrowUser("flagfiles name each other in a circle", "--flagfile");
  std::vector<std::string> all;
  for (const auto& argument : arguments) {
    const auto path = FlagFile(ValueOf(argument, "flagfile"), from);
    if (path.empty()) {
      all.push_back(argument);
      continue;
    }
    const auto lines = Expanded(FlagLines(path), path, depth + 1);
    all.insert(all.end(), lines.begin(), lines.end());
  }
  return all;
}

// Lines of a flagfile that are no flags: the flags library would take them for names of programs.
std::string OddLines(const std::vector<std::string>& lines, const std::string& where) {
  std::string problems;
  for (const auto& line : lines)
    if (!line.starts_with("-")) problems += "\n  " + where + line + ": is no flag (--name=value)";
  return problems;
}

// "--name=value" lines of our flags whose value is not of the flag's type. gflags would name them in its own
// words and exit.
std::string WrongValues(const std::vector<std::string>& arguments, const std::vector<FlagText>& ours,
                        const std::string& where) {
  std::string problems;
  for (const auto& argument : arguments) {
    const auto begin = argument.find_first_not_of('-'), equals = argument.find('=');
    if (begin == 0 || begin > 2 || equals == std::string::npos) continue;
    const auto name = argument.substr(begin, equals - begin);
    gflags::CommandLineFlagInfo flag;
    if (!gflags::GetCommandLineFlagInfo(name.c_str(), &flag) ||
        std::ranges::find(ours, name, &FlagText::name) == ours.end())
      continue;
    if (gflags::SetCommandLineOption(name.c_str(), argument.substr(equals + 1).c_str()).empty())
      problems += "\n  " + where + argument + ": not of type " + flag.type;
  }
  return problems;
}

// Of `arguments` and the flagfiles they name. gflags would name one unknown flag of the command line and
// exit, and pass over those in flagfiles.
std::string BadFlags(const std::vector<std::string>& arguments, const std::filesystem::path& from = {},
                     int depth = 0) {
  const auto where = from.empty() ? "" : from.string() + ": ";
  if (depth > 10) ThrowUser("flagfiles name each other in a circle", from.string());
  std::vector<std::string> others;
  const auto flags = OurFlags(others);
  std::string problems;
  for (const auto& problem : UnknownFlags(arguments, flags, others)) problems += "\n  " + where + problem;
  problems += WrongValues(arguments, flags, where);
  for (const auto& argument : arguments)
    if (const auto path = FlagFile(ValueOf(argument, "flagfile"), from); !path.empty())
      problems +=
          OddLines(FlagLines(path), path.string() + ": ") + BadFlags(FlagLines(path), path, depth + 1);
  return problems;
}

void CheckNames(int argc, char** argv) { ThrowAnyFlagProblems(BadFlags({argv + 1, argv + argc})); }

void ParseFlags(int argc, char** argv, const ProgramText& program) {
  ExitOnHelp(argc, argv, program);
  CheckNames(argc, argv);
  gflags::SetUsageMessage(program.usage);
  auto arguments = Expanded({argv + 1, argv + argc});
  std::vector<char*> pointers{argv[0]};
  for (auto& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  int count = static_cast<int>(std::ssize(pointers)) - 1;
  char** first = pointers.data();
  gflags::ParseCommandLineFlags(&count, &first, true);
  if (program.arguments)
    program.arguments->assign(first + 1, first + count);
  else if (count > 1)
    ThrowUser(std::string("unexpected argument '") + first[1] + "'", "command line", "flags begin with --");
}

// Programs without --log_format log text.
std::unique_ptr<JsonLog> MakeJsonLog() {
  std::string format;
  if (!gflags::GetCommandLineOption("log_format", &format) || format == "text") return nullptr;
  if (format != "json") ThrowUser("must be text or json", "--log_format='" + format + "'");
  return std::make_unique<JsonLog>();
}

}  // namespace

int Main(int argc, char** argv, const ProgramText& program, int (*body)()) {
  KeepHeap();
  std::unique_ptr<JsonLog> json_log;
  try {
    StartLogging(argv[0]);
    ParseFlags(argc, argv, program);
    json_log = MakeJsonLog();
    return body();
  } catch (...) {
    const auto failure = CurrentFailure();
    cluster::LetLowerRanksSpeak(cluster::LauncherRank());
    LOG(ERROR) << failure.what;
    return failure.exit_code;
  }
}

}  // namespace helio::app
