#include "src/app/main.h"

#include <gflags/gflags.h>

#include <charconv>
#include <cstring>
#include <fstream>
#include <iostream>

#include "cluster/launch.h"
#include "src/app/help.h"
#include "src/app/json_log.h"
#include "src/base/error.h"
#include "src/base/heap.h"

namespace helio::app {
namespace {

bool IsOurs(const gflags::CommandLineFlagInfo& flag) {
  return flag.filename.find("src/app/") != std::string::npos;
}

std::vector<FlagText> OurFlags(std::vector<std::string>& others) {
  std::vector<gflags::CommandLineFlagInfo> flags;
  gflags::GetAllFlags(&flags);
  std::vector<FlagText> ours;
  for (const auto& flag : flags) {
    const bool shared = flag.filename.find("_main.cc") == std::string::npos;
    if (IsOurs(flag))
      ours.push_back({flag.name, flag.default_value, flag.description, flag.type == "bool", shared});
    else
      others.push_back(flag.name);
  }
  return ours;
}

// What "--name=value" or "-name=value" gives `name`; empty if it is another argument.
std::string ValueOf(const std::string& argument, const std::string& name) {
  for (const auto* dashes : {"--", "-"})
    if (argument.starts_with(dashes + name + "="))
      return argument.substr(name.size() + 1 + std::strlen(dashes));
  return "";
}

std::string Help(const std::string& usage, const std::set<std::string>& shared) {
  std::vector<std::string> others;
  auto flags = OurFlags(others);
  if (shared.empty()) return HelpText(usage, flags);
  std::erase_if(flags, [&](const FlagText& flag) { return flag.shared && !shared.contains(flag.name); });
  return HelpText(usage, flags) +
         "The checkpoint knows what it was trained with; flags of helio-train override it.\n";
}

void ExitOnHelp(int argc, char** argv, const std::string& usage, const std::set<std::string>& shared) {
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument != "--help" && argument != "-h" && argument != "-help") continue;
    std::cout << Help(usage, shared);
    std::exit(0);
  }
}

// The lines of a flagfile that are flags.
std::vector<std::string> FlagLines(const std::string& path) {
  std::ifstream file(path);
  if (!file) ThrowUser("cannot be opened", "--flagfile=" + path, "paths are relative to the current folder");
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    line.erase(line.find_last_not_of(" \t\r") + 1);
    line.erase(0, line.find_first_not_of(" \t"));
    if (line.starts_with("-")) lines.push_back(line);
  }
  return lines;
}

// "--name=value" lines whose value is not of the flag's type. gflags would name them in its own words and
// exit.
std::string WrongValues(const std::vector<std::string>& arguments, const std::string& where) {
  std::string problems;
  for (const auto& argument : arguments) {
    const auto begin = argument.find_first_not_of('-'), equals = argument.find('=');
    if (begin == 0 || begin > 2 || equals == std::string::npos) continue;
    const auto name = argument.substr(begin, equals - begin);
    gflags::CommandLineFlagInfo flag;
    if (!gflags::GetCommandLineFlagInfo(name.c_str(), &flag) || !IsOurs(flag)) continue;
    if (gflags::SetCommandLineOption(name.c_str(), argument.substr(equals + 1).c_str()).empty())
      problems += "\n  " + where + argument + ": not of type " + flag.type;
  }
  return problems;
}

// Of `arguments` and the flagfiles they name. gflags would name one unknown flag of the command line and
// exit, and pass over those in flagfiles.
std::string BadFlags(const std::vector<std::string>& arguments, const std::string& where, int depth = 0) {
  if (depth > 10) ThrowUser("flagfiles name each other in a circle", where);
  std::vector<std::string> others;
  const auto flags = OurFlags(others);
  std::string problems;
  for (const auto& problem : UnknownFlags(arguments, flags, others)) problems += "\n  " + where + problem;
  problems += WrongValues(arguments, where);
  for (const auto& argument : arguments)
    if (const auto path = ValueOf(argument, "flagfile"); !path.empty())
      problems += BadFlags(FlagLines(path), path + ": ", depth + 1);
  return problems;
}

void CheckNames(int argc, char** argv) {
  const auto problems = BadFlags({argv + 1, argv + argc}, "");
  if (!problems.empty()) ThrowUser("these flags need attention:" + problems);
}

void ParseFlags(int* argc, char*** argv, const std::string& usage, const std::set<std::string>& shared) {
  ExitOnHelp(*argc, *argv, usage, shared);
  CheckNames(*argc, *argv);
  gflags::SetUsageMessage(usage);
  gflags::ParseCommandLineFlags(argc, argv, true);
  if (*argc > 1)
    ThrowUser(std::string("unexpected argument '") + (*argv)[1] + "'", "command line", "flags begin with --");
}

// Programs without --log_format log text.
std::unique_ptr<JsonLog> MakeJsonLog() {
  std::string format;
  if (!gflags::GetCommandLineOption("log_format", &format) || format == "text") return nullptr;
  if (format != "json") ThrowUser("must be text or json", "--log_format='" + format + "'");
  return std::make_unique<JsonLog>();
}

// Doubles as short as they can be written: gflags gives 0.0002 as 0.00020000000000000001.
std::string ShortValue(const gflags::CommandLineFlagInfo& flag) {
  if (flag.type != "double") return flag.current_value;
  char text[32];
  const auto written = std::to_chars(text, text + sizeof text, std::stod(flag.current_value));
  return {text, written.ptr};
}

}  // namespace

std::string FlagsAsFlagfile(const std::set<std::string>& leave_out) {
  std::vector<gflags::CommandLineFlagInfo> flags;
  gflags::GetAllFlags(&flags);
  std::set<std::string> lines;
  for (const auto& flag : flags)
    if (IsOurs(flag) && !leave_out.contains(flag.name))
      lines.insert("--" + flag.name + "=" + ShortValue(flag) + "\n");
  std::string text;
  for (const auto& line : lines) text += line;
  return text;
}

int Main(int argc, char** argv, const std::string& usage, int (*body)(),
         const std::set<std::string>& shared) {
  KeepHeap();
  std::unique_ptr<JsonLog> json_log;
  try {
    StartLogging(argv[0]);
    ParseFlags(&argc, &argv, usage, shared);
    json_log = MakeJsonLog();
    return body();
  } catch (const Error& error) {
    cluster::LetLowerRanksSpeak(cluster::LauncherRank());
    LOG(ERROR) << error.what();
    return error.exit_code();
  } catch (const std::exception& error) {
    cluster::LetLowerRanksSpeak(cluster::LauncherRank());
    LOG(ERROR) << "internal error: " << error.what();
    return 70;
  }
}

}  // namespace helio::app
