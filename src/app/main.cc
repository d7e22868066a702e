#include "src/app/main.h"

#include <gflags/gflags.h>

#include <iostream>

#include "cluster/launch.h"
#include "src/base/error.h"
#include "src/base/heap.h"
#include "src/base/log.h"

namespace helio::app {
namespace {

bool IsOurs(const gflags::CommandLineFlagInfo& flag) {
  return flag.filename.find("src/app/") != std::string::npos;
}

void PrintHelp(const std::string& usage) {
  std::vector<gflags::CommandLineFlagInfo> flags;
  gflags::GetAllFlags(&flags);
  std::cout << usage << "\n\n";
  for (const auto& flag : flags) {
    if (!IsOurs(flag)) continue;
    const auto name = "  --" + flag.name + "=" + flag.default_value;
    std::cout << name << std::string(name.size() < 34 ? 34 - name.size() : 1, ' ') << flag.description
              << "\n";
  }
  std::cout << "\n  --flagfile=FILE                 Read flags from a file (see configs/)\n";
}

void ExitOnHelp(int argc, char** argv, const std::string& usage) {
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument != "--help" && argument != "-h" && argument != "-help") continue;
    PrintHelp(usage);
    std::exit(0);
  }
}

void ParseFlags(int* argc, char*** argv, const std::string& usage) {
  ExitOnHelp(*argc, *argv, usage);
  gflags::SetUsageMessage(usage);
  gflags::ParseCommandLineFlags(argc, argv, true);
  if (*argc > 1)
    ThrowUser(std::string("unexpected argument '") + (*argv)[1] + "'", "command line", "flags begin with --");
}

}  // namespace

std::string FlagsAsFlagfile(const std::set<std::string>& leave_out) {
  std::vector<gflags::CommandLineFlagInfo> flags;
  gflags::GetAllFlags(&flags);
  std::set<std::string> lines;
  for (const auto& flag : flags)
    if (IsOurs(flag) && !leave_out.contains(flag.name))
      lines.insert("--" + flag.name + "=" + flag.current_value + "\n");
  std::string text;
  for (const auto& line : lines) text += line;
  return text;
}

int Main(int argc, char** argv, const std::string& usage, int (*body)()) {
  KeepHeap();
  try {
    ParseFlags(&argc, &argv, usage);
    StartLogging(argv[0]);
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
