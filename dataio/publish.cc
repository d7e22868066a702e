#include "dataio/publish.h"

#include <algorithm>
#include <regex>
#include <utility>

#include "dataio/dataset.h"
#include "src/base/file_system.h"
#include "src/base/json.h"
#include "src/base/log.h"

namespace helio::dataio {
namespace fs = std::filesystem;
namespace {

bool IsManifest(const fs::path& file) {
  try {
    const auto json = ReadJson(file);
    return json.is_object() && json.contains("format_version") && json.contains("splits");
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kSystem) throw;
    return false;
  }
}

// Of an earlier data set.
void RemoveShards(const fs::path& out) {
  static const std::regex name("(train|test|val)-[0-9]{5,}-of-[0-9]{5,}\\.h5");
  std::vector<fs::path> shards;
  for (const auto& entry : fs::directory_iterator(out))
    if (std::regex_match(entry.path().filename().string(), name)) shards.push_back(entry.path());
  for (const auto& shard : shards) RemoveFile(shard);
}

int64_t ClassCount(const std::vector<SourceSplit>& splits) {
  int64_t classes = 0;
  for (const auto& split : splits)
    for (const auto& record : split.records) classes = std::max(classes, record.class_id + 1);
  return classes;
}

Json Manifest(const Packing& packing, const std::vector<PackJob>& jobs) {
  const auto& options = packing.options;
  const auto& vocabulary = packing.vocabulary;
  Json splits = Json::object();
  for (const auto& job : jobs) {
    if (job.empty) continue;
    splits[job.split->name].push_back(ManifestEntry(job.path, Shard(job.path, vocabulary.size())));
  }
  return {{"format_version", kManifestVersion},
          {"dataset", options.name},
          {"codec", NameIn(kCodecs, options.codec)},
          {"side", options.side},
          {"classes", ClassCount(packing.splits)},
          {"vocabulary", vocabulary.Digest()},
          {"words", vocabulary.size()},
          {"splits", splits}};
}

}  // namespace

void CheckPlace(const fs::path& out) {
  const auto manifest = out / "manifest.json";
  if (Exists(manifest) && !IsManifest(manifest))
    ThrowUser("is there and no data set's", manifest.string(), "choose another --out");
  if (const auto words = out / "vocabulary.json"; Exists(words) && !Exists(manifest)) Vocabulary::Read(words);
}

void Publish(const Packing& packing, std::vector<PackJob> jobs) {
  const auto& out = packing.options.out;
  if (Exists(out / "manifest.json")) LOG(INFO) << out.string() << ": replaces the data set that lies there";
  RemoveFile(out / "manifest.json");
  RemoveShards(out);
  for (auto& job : jobs) {
    const auto staged = std::exchange(job.path, out / job.path.filename());
    if (!job.empty) Rename(staged, job.path);
  }
  WriteFileAtomically(out / "vocabulary.json", packing.vocabulary.ToJson());
  WriteFileAtomically(out / "manifest.json", JsonText(Manifest(packing, jobs), 1));
  RemoveTree(packing.stage);
}

}  // namespace helio::dataio
