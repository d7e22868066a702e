#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "src/base/json.h"
#include "src/base/tensor.h"
#include "src/eval/evaluator.h"

namespace helio::eval {

// A line for evaluation.jsonl: {"step", "scores": {name: value}, "deviations": {...}, "protocols": {...}}.
Json ScoreLine(int64_t step, const std::vector<Score>& scores);

// Appends that line and fsyncs, for programs without a run directory; only one process writes. Throws
// Error{kSystem} if it cannot.
void AppendScores(const std::filesystem::path& evaluation_jsonl, int64_t step,
                  const std::vector<Score>& scores);

// A part of summary.json: scores of one kind of pictures, and which these were.
struct SummarySection {
  std::string name;  // "generated", "real", "by_class"
  std::vector<Score> scores;
  Json source;  // {"checkpoint", "step"}, {"data", ...} or {"folder"}
};

// Whether UpdateSummary can write `out`/summary.json and, where it is named, WriteFeatures `features`: asked
// before pictures are judged for hours. Makes the folders that they lie in; one process asks. Throws Error.
void CheckReportPlaces(const std::filesystem::path& out, const std::filesystem::path& features);

// Sets summary[section][score.name] = {value, deviation, protocol} and summary["sources"][section], in place
// of what an earlier evaluation left there; a section without scores is taken away. Keeps other sections; all
// at once. Creates the file where there is none.
void UpdateSummary(const std::filesystem::path& summary_json, const std::vector<SummarySection>& sections);

// An aligned table, a score a line: for logs and terminals.
std::string FormatScores(const std::vector<Score>& scores);

// What features are of: the file's metadata "judge", "drawn_split" and "real_split".
struct FeatureOrigin {
  std::string judge;        // trunk, resizing, digest of its weights
  std::string drawn, real;  // which pictures; empty: there are none
};

// Features ("drawn", "real") as a safetensors file, so that public tools can check a score.
void WriteFeatures(const std::filesystem::path& path, const FeatureOrigin& origin,
                   const NamedTensors& features);

}  // namespace helio::eval
