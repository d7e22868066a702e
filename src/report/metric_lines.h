#pragma once
#include <filesystem>
#include <string>

#include "src/report/run_record.h"

namespace helio::report {

// Adds the lines of metrics.jsonl or evaluation.jsonl (docs/formats.md) to `run`; names of scores get
// `prefix`, and a number from the second protocol on. What cannot be read is counted in run.concerns.
void ReadMetricLines(const std::filesystem::path& file, const std::string& prefix, RunRecord& run);

}  // namespace helio::report
