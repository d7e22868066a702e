#pragma once
#include <string>
#include <string_view>

namespace helio::report {

// "data:TYPE;base64,..." (RFC 2397, RFC 4648).
std::string DataUri(std::string_view bytes, std::string_view type);

}  // namespace helio::report
