#include "src/report/data_uri.h"

#include <cstdint>

namespace helio::report {
namespace {

// Three bytes or fewer, at least one, as four letters.
void AppendGroup(std::string_view bytes, std::string& text) {
  constexpr char kLetters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  uint32_t bits = 0;
  for (size_t i = 0; i < 3; ++i) bits = bits << 8 | (i < bytes.size() ? static_cast<uint8_t>(bytes[i]) : 0);
  for (size_t i = 0; i < 4; ++i) text += i <= bytes.size() ? kLetters[bits >> (18 - 6 * i) & 63] : '=';
}

}  // namespace

std::string DataUri(std::string_view bytes, std::string_view type) {
  std::string text = "data:" + std::string(type) + ";base64,";
  text.reserve(text.size() + (bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) AppendGroup(bytes.substr(i, 3), text);
  return text;
}

}  // namespace helio::report
