#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "src/base/option_list.h"

// What can be read from a run's folder without its networks: curves, scores, pictures, options. Nothing here
// is collective; one thread.
namespace helio::report {

struct Point {
  int64_t step = 0;
  double value = 0;      // finite
  double deviation = 0;  // of scores that have one
};

struct Curve {
  std::vector<Point> points;  // by step
  std::string protocol;       // of scores: how they were got
};

struct Picture {
  std::string name;
  std::filesystem::path file;  // PNG
  std::optional<int64_t> step;
};

struct FinalScore {
  double value = 0, deviation = 0;
  std::string protocol;
};

struct RunRecord {
  std::string name;  // unique among the runs of a report
  std::filesystem::path folder;
  OptionValues options;                 // run.flags; empty where there is none
  std::map<std::string, Curve> losses;  // "g/kl": weighted terms, means over ranks
  // Of evaluations within the training, and of helio-eval's; one curve a protocol: "fid", "fid (2)".
  std::map<std::string, Curve> scores;
  Curve speed;                    // images/s
  std::vector<Picture> samples;   // by step
  std::vector<Picture> pictures;  // others, of this folder and of evaluations in it
  // summary.json of this folder or of folders in it: "generated", "real" -> score; where there are several,
  // those of folders in it are "FOLDER/generated" and so on.
  std::map<std::string, std::map<std::string, FinalScore>> summary;
  std::vector<std::string> concerns;  // what was left out, and why

  std::string OptionOf(const std::string& name) const;  // empty where it is not known
  int64_t last_step() const;
};

// Whether a section of a summary is of generated pictures.
bool IsOfGenerated(const std::string& section);

// Reads a run's folder, or one that holds evaluations only. A last line of metrics.jsonl that a running job
// has half written is passed over; damaged ones and values that are not finite are counted in `concerns`.
// Throws Error{kUser} where the folder holds nothing that could be reported.
RunRecord ReadRun(const std::filesystem::path& folder);

// The last parts of the paths, as many as tell them apart. Throws Error{kUser} where two are the same folder.
std::vector<std::string> NamesOf(const std::vector<std::string>& folders);

// Each folder's record, by these names. Throws as ReadRun and NamesOf.
std::vector<RunRecord> ReadRuns(const std::vector<std::string>& folders);

}  // namespace helio::report
