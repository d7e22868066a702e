#pragma once
#include <string>

#include "src/app/picture_rows.h"
#include "src/app/trained_model.h"

namespace helio::app {

// What helio-generate can be told.
struct GenerateOptions {
  std::string checkpoint, text, text_encoder, box, points, points_checkpoint, image, direction;
  int64_t n = 4, class_number = -1;
  RowOptions rows;

  bool asks_points() const { return !points.empty() || !points_checkpoint.empty(); }
  bool asks_places() const { return !box.empty() || asks_points(); }
  void Declare(OptionList& list);
};

// Throws Error{kUser} where one that was `given` would do nothing: beside the others, or with this system.
void CheckOptions(const GenerateOptions& own, const TrainedModel& model, const OptionValues& given);

}  // namespace helio::app
