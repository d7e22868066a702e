#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace helio {

// A value of an enum, and what options, files and messages call it. All values of an enum are one array
// beside it:
//
//   inline constexpr Named<Codec> kCodecs[] = {{Codec::kJpeg, "jpeg"}, {Codec::kRaw, "raw"}};
template <typename Enum>
struct Named {
  Enum value;
  const char* name;
};

// The name of `value`; empty where it is not in the array.
template <typename Enum, size_t kCount>
std::string NameIn(const Named<Enum> (&all)[kCount], Enum value) {
  for (const auto& one : all)
    if (one.value == value) return one.name;
  return "";
}

// The value called `name`; nothing where there is none.
template <typename Enum, size_t kCount>
std::optional<Enum> ValueIn(const Named<Enum> (&all)[kCount], std::string_view name) {
  for (const auto& one : all)
    if (name == one.name) return one.value;
  return std::nullopt;
}

template <typename Enum, size_t kCount>
std::vector<std::string> NamesIn(const Named<Enum> (&all)[kCount]) {
  std::vector<std::string> names;
  for (const auto& one : all) names.emplace_back(one.name);
  return names;
}

}  // namespace helio
