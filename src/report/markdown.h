#pragma once
#include <string>
#include <vector>

#include "src/report/run_record.h"

namespace helio::report {

// The runs as Markdown: a table of final scores with their protocols, one of the options in which the runs
// differ, and the papers' tables with ours below.
std::string MarkdownReport(const std::vector<RunRecord>& runs);

}  // namespace helio::report
