#pragma once
#include <set>
#include <string>
#include <vector>

#include "src/app/flags.h"

// What every program's main shares: flags, help, logging, and the way from an exception to an exit code.
namespace helio::app {

struct ProgramText {
  std::string usage;  // one line, shown by --help above the program's flags
  // Of the flags that programs share, those worth showing; empty: all.
  std::set<std::string> shared = {};
  // What --help --recipe=NAME shows; empty: the same as --help.
  std::vector<FlagText> (*of_recipe)(const std::string& recipe) = nullptr;
  // Where what is no flag goes; null: it is an error.
  std::vector<std::string>* arguments = nullptr;
};

// Parses the command line (and --flagfile), starts logging, runs `body`, and turns every exception into one
// log line and an exit code (docs/running.md): Error -> its own, anything else -> 70. What `body` has flushed
// to std::cout and has not arrived is an Error{kSystem}, but where its reader has gone.
int Main(int argc, char** argv, const ProgramText& program, int (*body)());

}  // namespace helio::app
