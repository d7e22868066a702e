#pragma once
#include "dataio/synth/painter.h"
#include "src/base/random.h"

namespace helio::dataio {

// Soft colours and blurs, over the whole picture.
void DrawBackground(Painter& painter, RandomStream& random);

// A camera's noise: the last thing that is drawn.
void AddGrain(Painter& painter, RandomStream& random);

}  // namespace helio::dataio
