#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "dataio/synth/drawn_set.h"
#include "dataio/synth/subject.h"

namespace helio::dataio {

// A class of a drawn set: what its pictures show, and how many they are.
struct DrawnClass {
  Facts facts;
  std::string name;   // "001.red_blue_white_black"
  bool test = false;  // held out
  int64_t images = 0;
};

// All orders of `families` sets of four different colours, shuffled; the last `test_classes` are held out.
// Pure. Throws Error{kUser} where these leave no class, or no picture a class, to train on.
std::vector<DrawnClass> MakeClasses(const DrawnSetOptions& options, const Subject& subject);

}  // namespace helio::dataio
