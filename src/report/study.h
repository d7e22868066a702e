#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace helio::report {

// Pictures of one caption, one of each run, drawn from noise of the same seed and number.
struct StudyGroup {
  std::string caption;
  int64_t seed = 0;  // 0 where a manifest does not say it
  int64_t noise = 1;
  std::vector<std::filesystem::path> files;  // as the runs
};

struct Study {
  std::vector<std::string> runs;  // names
  std::vector<StudyGroup> groups;
};

// What several runs drew for the same captions: from the manifests that helio-generate left in their folders
// or in subfolders; at most `most` groups, evenly chosen. Throws Error{kUser} where there are fewer than two
// runs or these have nothing in common, Error{kData} for damaged manifests and for entries that are no PNG
// pictures beside them.
Study ReadStudy(const std::vector<std::string>& folders, size_t most);

// One self-contained page for a blind study (docs/study.md): it shows the groups in shuffled order, pictures
// without their runs' names, and collects rankings. Its study_id is the digest of the pictures.
std::string StudyPage(const Study& study);

}  // namespace helio::report
