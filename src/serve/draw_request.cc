#include "src/serve/draw_request.h"

#include <algorithm>
#include <array>

#include "src/base/json.h"
#include "src/serve/request_error.h"

namespace helio::serve {
namespace {

constexpr std::array kFields{"caption", "pictures", "seed", "stages", "attention"};
constexpr int64_t kLargestSeed = int64_t{1} << 53;  // whole numbers of JavaScript

Json ParsedObject(std::string_view body) {
  auto json = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) throw RequestError(400, "not_json", "the body is no JSON");
  if (!json.is_object()) throw RequestError(400, "not_json", "the body is no JSON object");
  for (const auto& [key, value] : json.items())
    if (std::ranges::find(kFields, key) == kFields.end())
      throw RequestError(400, "unknown_field", "there is no field '" + key + "'");
  return json;
}

int64_t WholeNumber(const Json& json, const char* field, int64_t least, int64_t most, int64_t fallback) {
  if (!json.contains(field)) return fallback;
  const auto& value = json[field];
  if (!value.is_number_integer())
    throw RequestError(400, "wrong_type", std::string(field) + " must be a whole number");
  const bool fits = !value.is_number_unsigned() || value.get<uint64_t>() <= static_cast<uint64_t>(most);
  if (!fits || value.get<int64_t>() < least || value.get<int64_t>() > most)
    throw RequestError(
        422, "out_of_range",
        std::string(field) + " must be " + std::to_string(least) + " to " + std::to_string(most));
  return value.get<int64_t>();
}

bool Flag(const Json& json, const char* field, bool fallback) {
  if (!json.contains(field)) return fallback;
  if (!json[field].is_boolean())
    throw RequestError(400, "wrong_type", std::string(field) + " must be true or false");
  return json[field].get<bool>();
}

std::string Caption(const Json& json, int64_t longest) {
  if (!json.contains("caption")) throw RequestError(400, "no_caption", "the field 'caption' is missing");
  if (!json["caption"].is_string()) throw RequestError(400, "wrong_type", "caption must be a string");
  auto caption = json["caption"].get<std::string>();
  if (caption.find_first_not_of(" \t\r\n") == std::string::npos)
    throw RequestError(422, "no_caption", "the caption is empty");
  if (std::ssize(caption) > longest)
    throw RequestError(422, "caption_too_long",
                       "the caption has " + std::to_string(caption.size()) + " bytes, " +
                           std::to_string(longest) + " are allowed");
  return caption;
}

}  // namespace

DrawRequest ReadDrawRequest(std::string_view body, const ServeOptions& limits) {
  const auto json = ParsedObject(body);
  DrawRequest request;
  request.caption = Caption(json, limits.caption_bytes);
  request.pictures =
      WholeNumber(json, "pictures", 1, limits.pictures, std::min(request.pictures, limits.pictures));
  request.seed = static_cast<uint64_t>(WholeNumber(json, "seed", 0, kLargestSeed, 1));
  request.stages = Flag(json, "stages", true);
  request.attention = Flag(json, "attention", true);
  return request;
}

}  // namespace helio::serve
