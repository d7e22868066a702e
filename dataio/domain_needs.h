#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace helio::dataio {

// The rows of a global batch: as the published text-to-image code has them, or as they were drawn.
enum class Order {
  kByLength,  // by caption length, longest first, ties as drawn: decides the published wrong pairs
  kDrawn,
};

// What a system reads of one data set. A field that nobody asks for is neither read nor sent to the device.
struct DomainNeeds {
  std::string data = "data";  // role of the data set: --data=ROLE:DIR,...; --data=DIR is --data=data:DIR
  std::vector<int64_t> sides = {};  // of the pictures, pixels, smallest first
  int64_t words = 18;    // captions are cut to so many, and count as no longer in the order of rows
  bool captions = true;  // as tensors, padded
  Order order = Order::kByLength;
  bool wrong_images = false;  // a picture of another class for each row, at the same sides
  bool boxes = false;
  bool key_points = false;
  // Side of the square that is cropped of a stored picture, at least the largest of `sides`, to which it is
  // reduced. 0: the largest of `sides`.
  int64_t crop = 0;
  int64_t embeddings = 0;  // the mean of that many of a row's sentence embeddings; 0: none

  int64_t crop_side() const { return crop > 0 ? crop : sides.back(); }
};

}  // namespace helio::dataio
