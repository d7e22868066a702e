#pragma once
#include <set>
#include <string>

// What every program's main shares: flags, help, logging, and the way from an exception to an exit code.
namespace helio::app {

// Parses the command line (and --flagfile), starts logging, runs `body`, and turns every exception into one
// log line and an exit code (docs/running.md): Error -> its own, anything else -> 70. `usage` is one line,
// shown by --help above the program's flags. `shared`: of the flags that programs share, those worth showing;
// empty: all.
int Main(int argc, char** argv, const std::string& usage, int (*body)(),
         const std::set<std::string>& shared = {});

// Our flags as lines of a valid flagfile, sorted by name, without those in `leave_out`.
std::string FlagsAsFlagfile(const std::set<std::string>& leave_out = {});

}  // namespace helio::app
