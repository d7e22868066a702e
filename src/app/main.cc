#include "src/app/main.h"

#include <gflags/gflags.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "cluster/launch.h"
#include "src/app/flag_problems.h"
#include "src/app/flagfiles.h"
#include "src/app/help.h"
#include "src/app/json_log.h"
#include "src/base/error.h"
#include "src/base/failure.h"
#include "src/base/heap.h"

namespace helio::app {
namespace {

// `| head` has read what it wanted. Of a socket, or a lost terminal, POLLHUP says it.
bool ReaderHasGone() {
  pollfd output{STDOUT_FILENO, POLLOUT, 0};
  return ::poll(&output, 1, 0) == 1 && (output.revents & (POLLERR | POLLHUP)) != 0;
}

// Throws where what was written to standard output and flushed has not arrived.
void CheckOutput() {
  if (!std::cout && !ReaderHasGone())
    throw Error(ErrorKind::kSystem, "cannot be written", "standard output", "is the disk full?");
}

std::string Help(const ProgramText& program, const std::string& recipe) {
  if (program.of_recipe && !recipe.empty())
    return HelpText(program.usage + "\nWhat --recipe=" + recipe + " reads:", program.of_recipe(recipe));
  auto flags = FlagsOfProcess().ours;
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
    std::cout << Help(program, recipe) << std::flush;
    CheckOutput();
    std::exit(0);
  }
}

void ParseFlags(int argc, char** argv, const ProgramText& program) {
  ExitOnHelp(argc, argv, program);
  auto arguments = ExpandFlagfiles({argv + 1, argv + argc});
  ThrowAnyFlagProblems(FlagProblems(arguments, FlagsOfProcess()));
  gflags::SetUsageMessage(program.usage);
  std::vector<char*> pointers{argv[0]};
  for (auto& argument : arguments) pointers.push_back(argument.text.data());
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
    const int code = body();
    CheckOutput();
    return code;
  } catch (...) {
    const auto failure = CurrentFailure();
    cluster::LetLowerRanksSpeak(cluster::LauncherRank());
    LOG(ERROR) << failure.what;
    return failure.exit_code;
  }
}

}  // namespace helio::app
