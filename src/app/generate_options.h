#pragma once
#include <string>

#include "src/app/picture_rows.h"
#include "src/app/trained_model.h"

namespace helio::app {

// The options of helio-generate.
struct GenerateOptions {
  std::string checkpoint, text, text_encoder, box, points, points_checkpoint, image, direction;
  int64_t n = 4, class_number = -1;
  RowOptions rows;

  bool asks_points() const { return !points.empty() || !points_checkpoint.empty(); }
  bool asks_places() const { return !box.empty() || asks_points(); }
  void Declare(OptionList& list);
};

// Throws Error{kUser} where an option that was `given` would have no effect, because of the others or with
// this system.
void CheckOptions(const GenerateOptions& own, const TrainedModel& model, const OptionValues& given);

}  // namespace helio::app
