#pragma once

namespace helio::recipes {

// The program that trains a system.
enum class Program { kPretrain, kTrain };

}  // namespace helio::recipes
