#include "src/app/flags.h"

#include <gflags/gflags.h>

#include <map>

#include "src/base/log.h"

namespace helio::app {
namespace {

// gflags keeps pointers to all of it until the process ends.
struct RegisteredFlag {
  Option option;
  std::string text;
};

std::map<std::string, RegisteredFlag*>& Registered() {
  static auto& flags = *new std::map<std::string, RegisteredFlag*>;
  return flags;
}

template <typename T>
void MakeFlag(const RegisteredFlag& flag, const T* value) {
  gflags::FlagRegisterer(flag.option.name.c_str(), flag.text.c_str(), "", new T(*value), new T(*value));
}
// What the flags library has no type for is a text.
void MakeTextFlag(const RegisteredFlag& flag) {
  const auto text = flag.option.Text();
  MakeFlag(flag, &text);
}
void MakeFlag(const RegisteredFlag& flag, const std::filesystem::path* /*value*/) { MakeTextFlag(flag); }
void MakeFlag(const RegisteredFlag& flag, const EnumField& /*field*/) { MakeTextFlag(flag); }

}  // namespace

FlagText TextOf(const Option& option) {
  const bool is_bool = option.Type() == "bool";
  auto text = option.help;
  if (!option.range.text.empty() && option.range.text != "at least 0") text += " [" + option.range.text + "]";
  return {option.name, option.default_text, text, is_bool, option.group};
}

void RegisterFlags(const OptionList& list) {
  for (const auto& option : list.options()) {
    auto& flag = Registered()[option.name];
    if (flag) {
      CHECK_EQ(flag->option.Type(), option.Type()) << option.name << " is declared with two types";
      continue;
    }
    flag = new RegisteredFlag{option, TextOf(option).text};
    std::visit([&](const auto& value) { MakeFlag(*flag, value); }, option.value);
  }
}

ProcessFlags FlagsOfProcess() {
  std::vector<gflags::CommandLineFlagInfo> all;
  gflags::GetAllFlags(&all);
  ProcessFlags flags;
  for (const auto& flag : all) {
    const auto registered = Registered().find(flag.name);
    if (registered != Registered().end())
      flags.ours.push_back(TextOf(registered->second->option));
    else
      flags.others.push_back(flag.name);
  }
  return flags;
}

OptionValues GivenFlags() {
  OptionValues given;
  for (const auto& entry : Registered()) {
    gflags::CommandLineFlagInfo info;
    CHECK(gflags::GetCommandLineFlagInfo(entry.first.c_str(), &info)) << entry.first;
    if (!info.is_default) given[entry.first] = info.current_value;
  }
  return given;
}

}  // namespace helio::app
