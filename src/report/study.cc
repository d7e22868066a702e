#include "src/report/study.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>
#include <tuple>

#include "src/base/checksum.h"
#include "src/base/json.h"
#include "src/report/data_uri.h"
#include "src/report/page_parts.h"
#include "src/report/page_text.h"
#include "src/report/run_record.h"
#include "src/report/thinning.h"

namespace helio::report {
namespace {

namespace fs = std::filesystem;
using Key = std::tuple<std::string, int64_t, int64_t>;  // caption, seed, noise
using Drawn = std::map<Key, fs::path>;

// A page carries what it shows: nothing but a picture, and none of another folder.
fs::path PictureOf(const std::string& file, const fs::path& folder, const std::string& where) {
  std::string signature(8, '\0');
  if (fs::path(file) != fs::path(file).filename() ||
      !std::ifstream(folder / file, std::ios::binary).read(signature.data(), 8) ||
      signature != "\x89PNG\r\n\x1a\n")
    ThrowData("names '" + file + "', which is no PNG picture in its folder", where);
  return folder / file;
}

// The single pictures that a manifest names; other files' lines have no picture.
void ReadManifest(const fs::path& file, Drawn& drawn) {
  std::istringstream lines(ReadFile(file));
  int64_t number = 0;
  for (std::string text; std::getline(lines, text);) {
    const auto where = file.string() + ", line " + std::to_string(++number);
    const auto line = ParseJson(text, where);
    if (!line.is_object() || line.value("kind", Json()) != "picture") continue;
    const auto caption = JsonField<std::string>(line, "caption", where);
    const int64_t seed = line.contains("seed") ? JsonField<int64_t>(line, "seed", where) : 0;
    const Key key{caption, seed, JsonField<int64_t>(line, "noise", where)};
    if (!caption.empty())
      drawn.emplace(key, PictureOf(JsonField<std::string>(line, "file", where), file.parent_path(), where));
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
    StudyGroup group{std::get<0>(key), std::get<1>(key), std::get<2>(key), {}};
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
    ThrowUser("the runs have no caption in common, drawn from noise of the same seed and number", "--study",
              "draw the same sentences with all: helio-generate --texts=FILE --seed=N");
  Study study{NamesOf(folders), {}};
  for (const size_t i : EvenlyChosen(common.size(), most)) study.groups.push_back(common[i]);
  return study;
}

std::string StudyPage(const Study& study) {
  Json data = {{"study_id", ""}, {"runs", study.runs}, {"groups", Json::array()}};
  RunningDigest digest;
  for (const auto& group : study.groups) {
    Json pictures = Json::array();
    for (const auto& file : group.files) {
      const auto bytes = ReadFile(file);
      digest.Add(std::as_bytes(std::span(bytes)));
      pictures.push_back(DataUri(bytes, "image/png"));
    }
    data["groups"].push_back(
        {{"caption", group.caption}, {"seed", group.seed}, {"noise", group.noise}, {"pictures", pictures}});
  }
  data["study_id"] = digest.Finish();
  return FilledPage(kStudyHtml, kStudyStyle, kStudyScript, data);
}

}  // namespace helio::report
