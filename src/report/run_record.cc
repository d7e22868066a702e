#include "src/report/run_record.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "src/base/json.h"
#include "src/report/metric_lines.h"

namespace helio::report {
namespace {

namespace fs = std::filesystem;

// The folder's entries by name; a folder that is not there has none.
std::vector<fs::path> Entries(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    if (!it->path().filename().string().starts_with(".")) entries.push_back(it->path());
  std::ranges::sort(entries);
  return entries;
}

// The number in "step-0000100.png".
std::optional<int64_t> StepOf(const fs::path& file) {
  const auto stem = file.stem().string();
  const auto digits = stem.find_first_of("0123456789");
  if (!stem.starts_with("step-") || digits == std::string::npos) return std::nullopt;
  return std::strtoll(stem.c_str() + digits, nullptr, 10);
}

std::vector<Picture> PicturesIn(const fs::path& folder, const std::string& prefix = "") {
  std::vector<Picture> pictures;
  for (const auto& entry : Entries(folder))
    if (entry.extension() == ".png")
      pictures.push_back({prefix + entry.stem().string(), entry, StepOf(entry)});
  return pictures;
}

// `prefix`: of the sections' names.
void ReadSummary(const fs::path& file, const std::string& prefix, RunRecord& run) {
  const Json summary = ReadJson(file);
  if (!summary.is_object()) ThrowData("is not a JSON object", file.string(), "remove it");
  for (const auto& [section, scores] : summary.items()) {
    if (!scores.is_object() || section == "sources") continue;
    for (const auto& [name, score] : scores.items()) {
      if (!score.is_object()) continue;
      const double value = NumberIn(score, "value"), deviation = NumberIn(score, "deviation");
      if (!std::isfinite(value)) {
        run.concerns.push_back(file.string() + ": the score " + section + "/" + name + " is no number");
        continue;
      }
      run.summary[prefix + section][name] = {value, std::isfinite(deviation) ? deviation : 0,
                                             TextIn(score, "protocol")};
    }
  }
}

bool IsEvaluation(const fs::path& folder) {
  return Exists(folder / "summary.json") || Exists(folder / "evaluation.jsonl");
}

// This folder and those in it that may hold evaluations or pictures.
std::vector<fs::path> EvaluationFolders(const fs::path& folder) {
  std::vector<fs::path> folders{folder};
  for (const auto& entry : Entries(folder))
    if (IsFolder(entry) && entry.filename() != "samples" && entry.filename() != "checkpoints" &&
        entry.filename() != "set-aside")
      folders.push_back(entry);
  return folders;
}

// What helio-eval and helio-generate write. Where there are several evaluations, each but the folder's own is
// called by its folder: they may be of other pictures.
void ReadEvaluations(const fs::path& folder, RunRecord& run) {
  const auto folders = EvaluationFolders(folder);
  const bool several = std::ranges::count_if(folders, IsEvaluation) > 1;
  for (const auto& part : folders) {
    const std::string name = part == folder ? "" : part.filename().string();
    const bool named = several && !name.empty();
    if (Exists(part / "summary.json")) ReadSummary(part / "summary.json", named ? name + "/" : "", run);
    if (Exists(part / "evaluation.jsonl"))
      ReadMetricLines(part / "evaluation.jsonl", named ? "helio-eval " + name + ": " : "helio-eval: ", run);
    std::ranges::move(PicturesIn(part, name.empty() ? "" : name + "/"), std::back_inserter(run.pictures));
  }
}

bool IsEmpty(const RunRecord& run) {
  return run.losses.empty() && run.scores.empty() && run.summary.empty() && run.samples.empty();
}

// The last `parts` parts of a path.
std::string Tail(const fs::path& path, size_t parts) {
  fs::path tail;
  fs::path rest = path;
  for (size_t i = 0; i < parts && rest.has_filename(); ++i, rest = rest.parent_path())
    tail = tail.empty() ? rest.filename() : rest.filename() / tail;
  return tail.empty() ? path.string() : tail.string();
}

}  // namespace

std::vector<std::string> NamesOf(const std::vector<std::string>& folders) {
  std::vector<fs::path> paths;
  for (const auto& folder : folders) {
    auto path = fs::weakly_canonical(folder);
    if (!path.has_filename()) path = path.parent_path();
    if (std::ranges::find(paths, path) != paths.end()) ThrowUser("is named twice", folder);
    paths.push_back(std::move(path));
  }
  std::vector<std::string> names;
  for (size_t parts = 1; parts < 64; ++parts) {
    names.clear();
    for (const auto& path : paths) names.push_back(Tail(path, parts));
    if (std::set(names.begin(), names.end()).size() == names.size()) break;
  }
  return names;
}

bool IsOfGenerated(const std::string& section) {
  return section == "generated" || section.ends_with("/generated");
}

std::string RunRecord::OptionOf(const std::string& option) const {
  const auto found = options.find(option);
  return found == options.end() ? "" : found->second;
}

int64_t RunRecord::last_step() const {
  int64_t last = 0;
  for (const auto& [term, curve] : losses)
    if (!curve.points.empty()) last = std::max(last, curve.points.back().step);
  return last;
}

RunRecord ReadRun(const fs::path& folder) {
  if (!IsFolder(folder)) ThrowUser("is no folder", folder.string(), "name the --out of a training");
  RunRecord run;
  run.folder = fs::weakly_canonical(folder);
  run.name = Tail(run.folder, 1);
  if (Exists(folder / "run.flags")) run.options = ParseFlagfile(ReadFile(folder / "run.flags"));
  if (Exists(folder / "metrics.jsonl")) ReadMetricLines(folder / "metrics.jsonl", "", run);
  run.samples = PicturesIn(folder / "samples");
  ReadEvaluations(folder, run);
  if (IsEmpty(run))
    ThrowUser("holds no metrics.jsonl, evaluation.jsonl, summary.json or samples", folder.string(),
              "name the --out of a training or of helio-eval");
  return run;
}

std::vector<RunRecord> ReadRuns(const std::vector<std::string>& folders) {
  std::vector<RunRecord> runs;
  for (const auto& folder : folders) runs.push_back(ReadRun(folder));
  const auto names = NamesOf(folders);
  for (size_t i = 0; i < runs.size(); ++i) runs[i].name = names[i];
  return runs;
}

}  // namespace helio::report
