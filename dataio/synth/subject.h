#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dataio/synth/bird.h"
#include "dataio/synth/drawing.h"

namespace helio::dataio {

// Different colours (indices into kColourNames) in an order.
using FourColours = std::array<int, 4>;

// What is to be seen in all pictures of a class: the value of each part.
using Facts = std::vector<int>;

// What the pictures of a set show. Everything is a function of the arguments. Thread-safe.
class Subject {
 public:
  virtual ~Subject() = default;

  virtual std::string noun() const = 0;                      // of file names and random keys
  virtual std::vector<std::string_view> parts() const = 0;   // that captions may name
  virtual std::vector<std::string_view> values() const = 0;  // that parts may have: kColourNames first
  virtual bool sided() const = 0;                            // a mirrored picture has other facts
  // Of the class of this order of the colours of a family (counted from 0): different orders have different
  // facts.
  virtual Facts FactsOf(const FourColours& colours, int family) const = 0;
  virtual std::string NameOf(const Facts& facts) const = 0;  // different facts have different names
  virtual DrawnPicture Draw(const Facts& facts, int side, uint64_t key) const = 0;
  virtual DrawnCaption Describe(const Facts& facts, uint64_t key) const = 0;
};

std::unique_ptr<const Subject> MakeBirdSubject(const BirdStance& stance);
// Every other family is of two birds. The rest of a scene is drawn for each class by `seed`.
std::unique_ptr<const Subject> MakeSceneSubject(uint64_t seed);

}  // namespace helio::dataio
