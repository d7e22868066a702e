#include "src/report/study.h"

#include <algorithm>
#include <map>
#include <sstream>

#include "src/base/json.h"
#include "src/report/data_uri.h"
#include "src/report/page_parts.h"
#include "src/report/page_text.h"
#include "src/report/run_record.h"
#include "src/report/thinning.h"

namespace helio::report {
namespace {

namespace fs = std::filesystem;
using Key = std::pair<std::string, int64_t>;  // caption, noise
using Drawn = std::map<Key, fs::path>;

// The single pictures that a manifest names; other files' lines have no picture.
void ReadManifest(const fs::path& file, Drawn& drawn) {
  std::istringstream lines(ReadFile(file));
  int64_t number = 0;
  for (std::string text; std::getline(lines, text);) {
    const auto where = file.string() + ", line " + std::to_string(++number);
    const auto line = ParseJson(text, where);
    if (!line.is_object() || line.value("kind", Json()) != "picture") continue;
    const Key key{JsonField<std::string>(line, "caption", where), JsonField<int64_t>(line, "noise", where)};
    if (!key.first.empty())
      drawn.emplace(key, file.parent_path() / JsonField<std::string>(line, "file", where));
  }
}

void ReadFolder(const fs::path& folder, int depth, Drawn& drawn) {
  std::vector<fs::path> entries;
  for (const auto& entry : fs::directory_iterator(folder)) entries.push_back(entry.path());
  std::ranges::sort(entries);
  for (const auto& entry : entries)
    if (fs::is_directory(entry) && depth > 0)
      ReadFolder(entry, depth - 1, drawn);
    else if (entry.extension() == ".jsonl" && entry.filename() != "metrics.jsonl")
      ReadManifest(entry, drawn);
}

Drawn DrawnBy(const std::string& folder) {
  if (!fs::is_directory(folder)) ThrowUser("is no folder", folder);
  Drawn drawn;
  ReadFolder(folder, 1, drawn);
  if (drawn.empty())
    ThrowUser("holds no pictures with a manifest", folder,
              "draw some: helio-generate --checkpoint=RUN --texts=FILE --out=RUN/study/pictures.png");
  return drawn;
}

std::vector<StudyGroup> CommonGroups(const std::vector<Drawn>& drawn) {
  std::vector<StudyGroup> groups;
  for (const auto& [key, first] : drawn.front()) {
    StudyGroup group{key.first, key.second, {}};
    for (const auto& of_run : drawn)
      if (const auto found = of_run.find(key); found != of_run.end()) group.files.push_back(found->second);
    if (group.files.size() == drawn.size()) groups.push_back(std::move(group));
  }
  return groups;
}

}  // namespace

Study ReadStudy(const std::vector<std::string>& folders, size_t most) {
  if (folders.size() < 2 || folders.size() > 9)
    ThrowUser("compares 2 to 9 runs", "--study", "helio-report --study RUN_DIR RUN_DIR...");
  std::vector<Drawn> drawn;
  for (const auto& folder : folders) drawn.push_back(DrawnBy(folder));
  const auto common = CommonGroups(drawn);
  if (common.empty())
    ThrowUser("the runs have no caption in common, drawn from noise of the same number", "--study",
              "draw the same sentences with all: helio-generate --texts=FILE");
  Study study{NamesOf(folders), {}};
  for (const size_t i : EvenlyChosen(common.size(), most)) study.groups.push_back(common[i]);
  return study;
}

std::string StudyPage(const Study& study) {
  Json data = {{"runs", study.runs}, {"groups", Json::array()}};
  for (const auto& group : study.groups) {
    Json pictures = Json::array();
    for (const auto& file : group.files) pictures.push_back(DataUri(ReadFile(file), "image/png"));
    data["groups"].push_back({{"caption", group.caption}, {"noise", group.noise}, {"pictures", pictures}});
  }
  return FilledPage(kStudyHtml, kStudyStyle, kStudyScript, data);
}

}  // namespace helio::report
