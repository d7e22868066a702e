#pragma once
#include <string>

#include "src/base/json.h"

namespace helio::dataio {

// The integer under `key`. Throws Error{kData} where there is none: JsonField would take 3.7 and true for
// integers, too.
inline int64_t IntegerField(const Json& object, const std::string& key, const std::string& where) {
  const auto value = JsonField<Json>(object, key, where);
  if (!value.is_number_integer() || (value.is_number_unsigned() && value.get<uint64_t>() > INT64_MAX))
    ThrowData("field '" + key + "' is not an integer", where);
  return value.get<int64_t>();
}

inline Json ListField(const Json& object, const std::string& key, const std::string& where) {
  auto value = JsonField<Json>(object, key, where);
  if (!value.is_array()) ThrowData("field '" + key + "' is not a list", where);
  return value;
}

}  // namespace helio::dataio
