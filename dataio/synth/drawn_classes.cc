#include "dataio/synth/drawn_classes.h"

#include <algorithm>
#include <bit>
#include <cstdio>

#include "dataio/synth/palette.h"
#include "src/base/error.h"
#include "src/base/random.h"

namespace helio::dataio {
namespace {

// All sets of four different colours.
std::vector<FourColours> ColourSets() {
  constexpr auto kColours = static_cast<int>(kColourNames.size());
  std::vector<FourColours> sets;
  for (uint32_t chosen = 0; chosen < 1U << kColours; ++chosen) {
    if (std::popcount(chosen) != 4) continue;
    FourColours set{};
    size_t size = 0;
    for (int colour = 0; colour < kColours; ++colour)
      if ((chosen >> colour & 1) != 0) set[size++] = colour;
    sets.push_back(set);
  }
  return sets;
}

template <typename Item>
void Shuffle(std::vector<Item>& items, RandomStream& random) {
  for (size_t i = items.size() - 1; i > 0; --i)
    std::swap(items[i], items[static_cast<size_t>(random.Below(static_cast<int64_t>(i) + 1))]);
}

// All orders of `families` sets of colours, shuffled, as yet without names and pictures.
std::vector<DrawnClass> ShuffledClasses(const DrawnSetOptions& options, const Subject& subject) {
  RandomStream random(RandomKey(options.seed, "bird_classes"));
  auto sets = ColourSets();
  Shuffle(sets, random);
  std::vector<DrawnClass> classes;
  for (int family = 0; family < options.families; ++family) {
    auto order = sets[static_cast<size_t>(family)];
    do classes.push_back({subject.FactsOf(order, family), "", false, 0});
    while (std::next_permutation(order.begin(), order.end()));
  }
  Shuffle(classes, random);
  return classes;
}

// The last `test_classes` are held out.
void NameAndSplit(std::vector<DrawnClass>& classes, const DrawnSetOptions& options, const Subject& subject) {
  const auto train_classes = static_cast<int64_t>(classes.size()) - options.test_classes;
  if (train_classes < 1)
    ThrowUser("leaves none of the " + std::to_string(classes.size()) + " classes for training",
              "--test_classes", "fewer of them, or more --families");
  const int64_t train_images = options.images - options.test_classes * options.test_images;
  if (train_images < train_classes)
    ThrowUser("too few images for " + std::to_string(classes.size()) + " classes", "--images",
              "at least " + std::to_string(train_classes + options.test_classes * options.test_images));
  for (size_t i = 0; i < classes.size(); ++i) {
    auto& drawn = classes[i];
    const auto index = static_cast<int64_t>(i);
    drawn.test = index >= train_classes;
    drawn.images = drawn.test ? options.test_images
                              : train_images / train_classes + (index < train_images % train_classes);
    char number[32];
    std::snprintf(number, sizeof number, "%03zu.", i + 1);
    drawn.name = number + subject.NameOf(drawn.facts);
  }
}

}  // namespace

std::vector<DrawnClass> MakeClasses(const DrawnSetOptions& options, const Subject& subject) {
  auto classes = ShuffledClasses(options, subject);
  NameAndSplit(classes, options, subject);
  return classes;
}

}  // namespace helio::dataio
