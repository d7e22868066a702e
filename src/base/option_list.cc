#include "src/base/option_list.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <sstream>

#include "src/base/error.h"
#include "src/base/log.h"
#include "src/base/numbers.h"

namespace helio {
namespace {

template <typename T>
std::string NumberText(T value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

Range OfNumbers(std::string text, std::function<bool(double)> admits) {
  return {std::move(text), [admits = std::move(admits)](const std::string& value) {
            const auto number = ParseNumber<double>(value);
            return number && std::isfinite(*number) && admits(*number);
          }};
}

bool Set(bool* value, const std::string& text) {
  static const std::vector<std::string> yes = {"true", "1", "t", "yes", "y"},
                                        no = {"false", "0", "f", "no", "n"};
  const bool is = std::ranges::find(yes, text) != yes.end();
  if (!is && std::ranges::find(no, text) == no.end()) return false;
  *value = is;
  return true;
}

template <typename T>
bool SetText(T* value, const std::string& text) {
  *value = text;
  return true;
}
bool Set(std::string* value, const std::string& text) { return SetText(value, text); }
bool Set(std::filesystem::path* value, const std::string& text) { return SetText(value, text); }
bool Set(const EnumField& field, const std::string& text) { return field.set(text); }

template <typename T>
bool Set(T* value, const std::string& text) {
  const auto number = ParseNumber<T>(text);
  if (number) *value = *number;
  return number.has_value();
}

std::string TextOf(const bool* value) { return *value ? "true" : "false"; }
std::string TextOf(const std::string* value) { return *value; }
std::string TextOf(const std::filesystem::path* value) { return value->string(); }
std::string TextOf(const EnumField& field) { return field.name(); }
template <typename T>
std::string TextOf(const T* value) {
  return NumberText(*value);
}

std::string Joined(const std::vector<std::string>& values) {
  std::string text;
  for (size_t i = 0; i < values.size(); ++i)
    text += (i == 0 ? "" : i + 1 == values.size() ? " or " : ", ") + values[i];
  return text;
}

}  // namespace

Range AnyValue() { return {}; }

Range AtLeast(double least) {
  return OfNumbers("at least " + NumberText(least), [=](double value) { return value >= least; });
}

Range Above(double bound) {
  return OfNumbers("more than " + NumberText(bound), [=](double value) { return value > bound; });
}

Range Between(double least, double most) {
  return OfNumbers(NumberText(least) + " to " + NumberText(most),
                   [=](double value) { return value >= least && value <= most; });
}

Range FromBelow(double least, double bound) {
  return OfNumbers(NumberText(least) + " to less than " + NumberText(bound),
                   [=](double value) { return value >= least && value < bound; });
}

Range OneOf(std::vector<std::string> values) {
  auto text = Joined(values);
  return {std::move(text), [values = std::move(values)](const std::string& value) {
            return std::ranges::find(values, value) != values.end();
          }};
}

std::string Option::Type() const {
  static const std::vector<std::string> types = {"bool",   "int32",  "int64",  "uint64",
                                                 "double", "string", "string", "string"};
  return types.at(value.index());
}

std::string Option::Text() const {
  return std::visit([](const auto& field) { return TextOf(field); }, value);
}

bool Option::Parse(const std::string& text) const {
  return std::visit([&](const auto& field) { return Set(field, text); }, value);
}

std::string Option::Normalised(const std::string& text) const {
  const auto before = Text();
  if (!Parse(text)) return text;
  auto normalised = Text();
  Parse(before);
  return normalised;
}

void OptionList::Append(Option option) {
  CHECK(std::ranges::find(options_, option.name, &Option::name) == options_.end()) << option.name;
  option.default_text = option.Text();
  options_.push_back(std::move(option));
}

std::string OptionList::TryAssign(const OptionValues& values) const {
  std::string problems;
  for (const auto& option : options_) {
    const auto found = values.find(option.name);
    if (found == values.end()) continue;
    const auto what = "\n  --" + option.name + "=" + found->second + ": ";
    if (option.range.admits && !option.range.admits(found->second))
      problems += what + option.range.text;
    else if (!option.Parse(found->second))
      problems += what + "not of type " + option.Type();
  }
  return problems;
}

void OptionList::Assign(const OptionValues& values) const { ThrowAnyFlagProblems(TryAssign(values)); }

OptionValues OptionList::Values(const OptionValues& given) const {
  OptionValues values;
  for (const auto& option : options_) {
    const auto found = given.find(option.name);
    values[option.name] = found == given.end() ? option.Text() : option.Normalised(found->second);
  }
  return values;
}

OptionValues OptionList::MatchedValues(const OptionValues& given) const {
  auto values = Values(given);
  for (const auto& option : options_)
    if (!option.must_match) values.erase(option.name);
  return values;
}

OptionValues OptionList::Defaults() const {
  OptionValues values;
  for (const auto& option : options_) values[option.name] = option.default_text;
  return values;
}

void ThrowAnyFlagProblems(const std::string& problems) {
  if (!problems.empty()) ThrowUser("these flags need attention:" + problems);
}

std::string ToFlagfile(const OptionValues& values) {
  std::string text;
  for (const auto& [name, value] : values) text += "--" + name + "=" + value + "\n";
  return text;
}

OptionValues ParseFlagfile(const std::string& text) {
  OptionValues values;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto equals = line.find('=');
    if (line.starts_with("--") && equals != std::string::npos)
      values[line.substr(2, equals - 2)] = line.substr(equals + 1);
  }
  return values;
}

}  // namespace helio
