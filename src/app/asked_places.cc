#include "src/app/asked_places.h"

#include <algorithm>

#include "src/base/error.h"
#include "src/base/numbers.h"
#include "src/base/text_list.h"

namespace helio::app {
namespace {

// A place in the picture: 0 to 1.
float Fraction(const std::string& text, const std::string& where, const std::string& hint) {
  const auto value = ParseNumber<double>(text);
  if (!value || !(*value >= 0 && *value <= 1))
    ThrowUser("'" + text + "' is no part of the picture's side, 0 to 1", where, hint);
  return static_cast<float>(*value);
}

size_t PointNumber(std::string name, const std::vector<std::string>& names, const std::string& where) {
  std::ranges::replace(name, '_', ' ');
  const auto found = std::ranges::find(names, name);
  if (found != names.end()) return static_cast<size_t>(found - names.begin());
  ThrowUser("'" + name + "' is no key point of the data that it was trained on", where, "use " + Join(names));
}

}  // namespace

torch::Tensor AskedBox(const std::string& text, int64_t rows) {
  const std::string where = "--box=" + text;
  const char* hint = "left, top, width, height as parts of the picture: --box=0.2,0.3,0.5,0.4";
  std::vector<float> box;
  for (const auto& part : Split(text, ',')) box.push_back(Fraction(part, where, hint));
  if (box.size() != 4) ThrowUser("must be four numbers", where, hint);
  constexpr float kRounding = 1e-4F;
  if (box[2] <= 0 || box[3] <= 0) ThrowUser("has no area", where, hint);
  if (box[0] + box[2] > 1 + kRounding || box[1] + box[3] > 1 + kRounding)
    ThrowUser("leaves the picture", where, hint);
  return torch::tensor(box).expand({rows, 4});
}

torch::Tensor AskedPoints(const std::string& text, const std::vector<std::string>& names, int64_t rows) {
  const std::string where = "--points=" + text;
  const char* hint = "name:x,y,... as parts of the picture: --points=beak:0.8,0.3,tail:0.1,0.6";
  auto points = torch::zeros({std::ssize(names), 3}, torch::kFloat32);
  const auto parts = Split(text, ',');
  if (parts.size() % 2 != 0) ThrowUser("a point lacks a number", where, hint);
  for (size_t i = 0; i < parts.size(); i += 2) {
    const auto colon = parts[i].find(':');
    if (colon == std::string::npos) ThrowUser("'" + parts[i] + "' is not name:x", where, hint);
    const auto name = parts[i].substr(0, colon);
    auto* point = points.data_ptr<float>() + 3 * PointNumber(name, names, where);
    if (point[2] > 0) ThrowUser("names '" + name + "' twice", where, hint);
    point[0] = Fraction(parts[i].substr(colon + 1), where, hint);
    point[1] = Fraction(parts[i + 1], where, hint);
    point[2] = 1;
  }
  return points.expand({rows, -1, -1});
}

}  // namespace helio::app
