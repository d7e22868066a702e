#pragma once
#include <cstdint>

#include "dataio/synth/scene.h"

namespace helio::dataio {

// A caption of that scene: a function of `key`. Always says what is on which side; names most of the rest.
DrawnCaption DescribeScene(const SceneFacts& facts, uint64_t key);

}  // namespace helio::dataio
