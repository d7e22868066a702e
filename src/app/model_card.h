#pragma once
#include <string>

#include "src/app/trained_model.h"

namespace helio::app {

// README.md of an exported model: what it is, how it scored, what it was trained on and with, and how PyTorch
// loads it. `scores`: of the checkpoint's own evaluation or a summary.json of helio-eval ("name": number or
// {"value", "deviation", "protocol"}; what is neither counts as not finite); may be empty.
std::string ModelCard(TrainedModel& model, const Json& scores);

}  // namespace helio::app
