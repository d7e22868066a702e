#pragma once
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "src/base/error.h"
#include "src/base/file_system.h"

namespace helio {

using Json = nlohmann::ordered_json;

// Parses JSON text; throws Error{kData} naming `where` and the byte on damage, or the key where an object
// holds one twice. Thread-safe.
Json ParseJson(std::string_view text, const std::string& where);

inline Json ReadJson(const std::filesystem::path& path) { return ParseJson(ReadFile(path), path.string()); }

// As text, on one line or with `indent` spaces a level. Bytes that are not UTF-8 (a folder's name may hold
// some) become U+FFFD.
inline std::string JsonText(const Json& json, int indent = -1) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

// The value of `key`, of type T; throws Error{kData} that names file and key when it is missing or of another
// type.
template <typename T>
T JsonField(const Json& object, const std::string& key, const std::string& where) {
  if (!object.is_object() || !object.contains(key)) ThrowData("lacks the field '" + key + "'", where);
  try {
    return object.at(key).get<T>();
  } catch (const nlohmann::json::exception&) {
    ThrowData("field '" + key + "' has the wrong type", where);
  }
}

// The number under `key`, for JSON that others may have written; NaN where there is none.
inline double NumberIn(const Json& object, const std::string& key) {
  const bool there = object.is_object() && object.contains(key) && object.at(key).is_number();
  return there ? object.at(key).get<double>() : std::nan("");
}

// Likewise the text under `key`; empty where there is none.
inline std::string TextIn(const Json& object, const std::string& key) {
  const bool there = object.is_object() && object.contains(key) && object.at(key).is_string();
  return there ? object.at(key).get<std::string>() : "";
}

}  // namespace helio
