#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace helio::dataio {

// Which rows of a data set make a global batch, and in which order.
enum class Order {
  kByLength,  // each once an epoch; in a batch by caption length, longest first, ties as drawn: decides the
              // published wrong pairs
  kDrawn,     // each once an epoch, as they were drawn
  kAtRandom,  // drawn anew for each batch, with repetition: the second of two sets without pairs
  kDistinctClasses,  // drawn anew for each batch: one row of each of as many different classes
};

// What a system reads of one data set. A field that nobody asks for is neither read nor sent to the device.
struct DomainNeeds {
  std::string data = "data";  // role of the data set: --data=ROLE:DIR,...; --data=DIR is --data=data:DIR
  std::vector<int64_t> sides = {};  // of the pictures, pixels, smallest first
  int64_t words = 18;               // captions are cut to so many words, also when rows are ordered by length
  bool captions = true;             // as tensors, padded
  Order order = Order::kByLength;
  bool wrong_images = false;  // a picture of another class for each row, at the same sides
  bool boxes = false;
  bool key_points = false;
  // Side of the square that is cropped of a stored picture, at least the largest of `sides`, to which it is
  // reduced. 0: the largest of `sides`.
  int64_t crop = 0;
  int64_t embeddings = 0;          // the mean of that many of a row's sentence embeddings; 0: none
  bool embeddings_repeat = false;  // each of them drawn anew, so that one may count twice
  int64_t characters = 0;          // of raw captions, so many places of each; 0: none
  int64_t character_captions = 1;  // of a row: the drawn one, and others as far as it has so many
  std::string split = "train";     // whose rows are trained on: train or test

  // Whether the captions decide anything.
  bool reads_captions() const {
    return captions || characters > 0 || embeddings > 0 || order == Order::kByLength;
  }
  int64_t crop_side() const { return crop > 0 ? crop : sides.back(); }
};

// The shorter side that pictures are stored with for a window of `seen`: 76 for 64, as published.
inline int64_t StoredSide(int64_t seen) { return seen * 76 / 64; }

}  // namespace helio::dataio
