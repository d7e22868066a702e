#pragma once
#include <cstdint>
#include <filesystem>

#include "dataio/synth/bird.h"
#include "dataio/synth/style.h"

namespace helio::dataio {

struct DrawnSetOptions {
  int64_t images = 7200;  // train and test together
  uint64_t seed = 1;
  int side = 76;
  BirdStance stance = {};               // of single birds
  bool scene = false;                   // scenes (scene.h) instead of single birds
  int families = 34;                    // colour sets; every order of a set on four parts is a class
  int test_classes = 50;                // held out of training
  int64_t test_images = 20;             // per held-out class
  DrawnStyle style = DrawnStyle::kDay;  // the same birds under the same names in each
};

// Draws the set into `root` in the published CUB layout (CUB_200_2011/..., text/...,
// train|test/filenames.txt), with attributes.json beside it. Classes are permutation families: hard negatives
// that differ only in which part has which colour (in scenes often also in where birds look, and in how many
// things are where). Deterministic. Replaces what was drawn there. Throws Error{kUser} for impossible numbers
// and where another process draws or packs there, Error{kSystem} when the disk is full.
void WriteDrawnSet(const std::filesystem::path& root, const DrawnSetOptions& options);

}  // namespace helio::dataio
