#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

// A command line as it is written: in arguments, and in the flagfiles that these name.
namespace helio::app {

struct Argument {
  std::string text;
  std::filesystem::path from;  // the flagfile; empty: the command line
};

// The arguments with each --flagfile=FILE, on the command line also --flagfile FILE, replaced by the file's
// lines, in order: without a byte-order mark, which the flags library would read as part of the first flag,
// without empty lines and comments (#). Throws Error{kUser} where a file cannot be read, is no UTF-8, or
// names itself.
std::vector<Argument> ExpandFlagfiles(const std::vector<std::string>& arguments);

// A flag as an argument gives it.
struct NamedValue {
  std::string name;
  std::optional<std::string> value;  // of "--name=value"; nothing: "--name"
};

// Of "--name=value" and "--name", with one dash or two; nothing where the argument is no flag.
std::optional<NamedValue> ParseArgument(const std::string& argument);

// What the argument gives `name`; empty where it is another one, or gives nothing.
std::string ValueOf(const std::string& argument, const std::string& name);

}  // namespace helio::app
