#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "src/app/trained_model.h"

namespace helio::app {

// What helio-generate does with a system that translates: every picture file, its shorter side brought to
// the training pictures' side, beside its translation and what comes back, in one PNG `out`; and each
// translation alone, as OUT-1.png, OUT-2.png ... `direction`: one of the system's; empty: its first one.
// Throws Error where a file is no picture or the direction is unknown.
void TranslateFiles(TrainedModel& model, const std::vector<std::string>& files, const std::string& direction,
                    const std::filesystem::path& out);

}  // namespace helio::app
