#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "src/base/enum_names.h"

// Options are declared once, where they are read: a field of a plain struct, and beside it a line in the
// struct's Declare(OptionList&) with name, range and help. Flags, their checks, help, a run's identity and
// docs/options.md come from these declarations.
namespace helio {

// Values by option name, as text.
using OptionValues = std::map<std::string, std::string>;

// The values that an option may have. Ranges of numbers hold finite ones only.
struct Range {
  std::string text;                                // "at least 1"; empty: any
  std::function<bool(const std::string&)> admits;  // a value as text; empty: any
};
Range AnyValue();
Range AtLeast(double least);
Range Above(double bound);
Range Between(double least, double most);
Range FromBelow(double least, double bound);  // least <= value < bound
Range OneOf(std::vector<std::string> values);

// A field of an enum, as text.
struct EnumField {
  std::function<std::string()> name;
  std::function<bool(const std::string&)> set;  // false, and nothing is set, of a text that is no name
};

struct Option {
  std::string name;
  std::variant<bool*, int32_t*, int64_t*, uint64_t*, double*, std::string*, std::filesystem::path*, EnumField>
      value;
  Range range;
  std::string help;
  std::string group;  // the heading that help shows it under
  std::string default_text;
  // Whether it decides what is computed, so that a resumed run must have the checkpoint's value; else it only
  // says where, how often or how fast.
  bool must_match = true;

  std::string Type() const;  // "bool", "int32", "int64", "uint64", "double", "string"
  std::string Text() const;  // the current value, numbers as short as they can be written
  // The value that `text` gives it, as Text() writes it; `text` itself where it is of another type.
  std::string Normalised(const std::string& text) const;
  // Whether `text` is of the type; sets the value if so. Does not look at the range.
  bool Parse(const std::string& text) const;
};

// The options of one struct and those it is made of, bound to the fields of one instance, which must outlive
// the list.
class OptionList {
 public:
  // Begins a group: options added from now on are shown under `title`.
  void Group(std::string title) { group_ = std::move(title); }

  // An option that decides what is computed. The field's value is the default. Names are unique in a list.
  template <typename T>
  void Add(const char* name, T* value, Range range, const char* help) {
    Append({name, value, std::move(range), help, group_, "", true});
  }
  // An option that does not: a resumed run may change it.
  template <typename T>
  void AddOperational(const char* name, T* value, Range range, const char* help) {
    Append({name, value, std::move(range), help, group_, "", false});
  }
  // The same for enums, whose values are given by their names in `all` (enum_names.h), which outlives the
  // list.
  template <typename Enum, size_t kCount>
  void Add(const char* name, Enum* value, const Named<Enum> (&all)[kCount], const char* help) {
    Append({name, FieldOf(value, all), OneOf(NamesIn(all)), help, group_, "", true});
  }
  template <typename Enum, size_t kCount>
  void AddOperational(const char* name, Enum* value, const Named<Enum> (&all)[kCount], const char* help) {
    Append({name, FieldOf(value, all), OneOf(NamesIn(all)), help, group_, "", false});
  }

  const std::vector<Option>& options() const { return options_; }

  // Sets the options that `values` names; names of other lists' options are passed over. A value of the wrong
  // type or out of range is left out and becomes a line "\n  --name=value: ..." of what is returned.
  std::string TryAssign(const OptionValues& values) const;
  // The same, but throws Error{kUser} with all these lines.
  void Assign(const OptionValues& values) const;

  // The values as they would be after Assign(given), in canonical form; the fields stay as they are.
  OptionValues Values(const OptionValues& given = {}) const;
  OptionValues MatchedValues(const OptionValues& given) const;  // of those that must match
  OptionValues Defaults() const;

 private:
  template <typename Enum, size_t kCount>
  static EnumField FieldOf(Enum* value, const Named<Enum> (&all)[kCount]) {
    return {[value, &all] { return NameIn(all, *value); },
            [value, &all](const std::string& name) {
              const auto found = ValueIn(all, name);
              if (found) *value = *found;
              return found.has_value();
            }};
  }
  void Append(Option option);

  std::string group_;
  std::vector<Option> options_;
};

// Throws Error{kUser} with all of `problems`, lines as OptionList::TryAssign returns them, if there are any.
void ThrowAnyFlagProblems(const std::string& problems);

// `T` with the fields that `values` names set. Throws as OptionList::Assign.
template <typename T>
T OptionsFrom(const OptionValues& values) {
  T options;
  OptionList list;
  options.Declare(list);
  list.Assign(values);
  return options;
}

// Lines "--name=value", and back; lines of another form are passed over.
std::string ToFlagfile(const OptionValues& values);
OptionValues ParseFlagfile(const std::string& text);

}  // namespace helio
