#include "dataio/synth/subject.h"

#include <algorithm>

#include "dataio/synth/captions.h"
#include "dataio/synth/palette.h"
#include "dataio/synth/scene.h"
#include "dataio/synth/scene_captions.h"

namespace helio::dataio {
namespace {

template <size_t Size>
std::array<int, Size> ArrayOf(const Facts& facts) {
  std::array<int, Size> values{};
  std::copy_n(facts.begin(), Size, values.begin());
  return values;
}

template <size_t Size>
std::vector<std::string_view> ListOf(const std::array<std::string_view, Size>& names) {
  return {names.begin(), names.end()};
}

class BirdSubject : public Subject {
 public:
  explicit BirdSubject(const BirdStance& stance) : stance_(stance) {}

  std::string noun() const override { return "bird"; }
  std::vector<std::string_view> parts() const override { return ListOf(kPartNames); }
  std::vector<std::string_view> values() const override { return ListOf(kColourNames); }
  bool sided() const override { return false; }
  Facts FactsOf(const FourColours& colours, int) const override { return {colours.begin(), colours.end()}; }
  std::string NameOf(const Facts& facts) const override {
    std::string name;
    for (const int colour : facts)
      name += (name.empty() ? "" : "_") + std::string(kColourNames[static_cast<size_t>(colour)]);
    return name;
  }
  DrawnPicture Draw(const Facts& facts, int side, uint64_t key) const override {
    return DrawBird(ArrayOf<4>(facts), side, key, stance_);
  }
  DrawnCaption Describe(const Facts& facts, uint64_t key) const override {
    return DescribeBird(ArrayOf<4>(facts), key);
  }

 private:
  const BirdStance stance_;
};

class SceneSubject : public Subject {
 public:
  explicit SceneSubject(uint64_t seed) : seed_(seed) {}

  std::string noun() const override { return "scene"; }
  std::vector<std::string_view> parts() const override { return ListOf(kScenePartNames); }
  std::vector<std::string_view> values() const override { return ListOf(kSceneValueNames); }
  bool sided() const override { return true; }
  Facts FactsOf(const FourColours& colours, int family) const override {
    const auto key = RandomKey(seed_, "scene_class", {colours[0], colours[1], colours[2], colours[3]});
    const auto scene = MakeScene(colours, family % 2 == 0, key);
    return {scene.begin(), scene.end()};
  }
  std::string NameOf(const Facts& facts) const override { return SceneName(ArrayOf<kSceneParts>(facts)); }
  DrawnPicture Draw(const Facts& facts, int side, uint64_t key) const override {
    return DrawScene(ArrayOf<kSceneParts>(facts), side, key);
  }
  DrawnCaption Describe(const Facts& facts, uint64_t key) const override {
    return DescribeScene(ArrayOf<kSceneParts>(facts), key);
  }

 private:
  const uint64_t seed_;
};

}  // namespace

std::unique_ptr<const Subject> MakeBirdSubject(const BirdStance& stance) {
  return std::make_unique<BirdSubject>(stance);
}

std::unique_ptr<const Subject> MakeSceneSubject(uint64_t seed) {
  return std::make_unique<SceneSubject>(seed);
}

}  // namespace helio::dataio
