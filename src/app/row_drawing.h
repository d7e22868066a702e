#pragma once
#include <filesystem>
#include <vector>

#include "src/app/picture_rows.h"

namespace helio::app {

// Draws the rows, at the places of the one row of `places`, where it has any: the first rows in one labelled
// picture `out`, each picture alone beside it, OUT-NAME-NUMBER.png, and a line each in OUT.jsonl. One thread.
void DrawRows(const std::vector<PictureRow>& rows, const recipes::Prompt& places, const PromptReader& reader,
              TrainedModel& model, const std::filesystem::path& out);

}  // namespace helio::app
