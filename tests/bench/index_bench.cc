// A million synthetic records: index_bench FOLDER [RECORDS]. Prints the seconds that opening the split takes
// (from the page cache), and the memory a record that stays: anonymous pages of this process after a batch
// was sampled, less those before. Of the index what is mapped is page cache, shared and reclaimable; the
// first 256 MiB are copies (dataio/shard_index.h).
#include <malloc.h>

#include <chrono>
#include <fstream>
#include <iostream>

#include "dataio/dataset.h"
#include "dataio/sampler.h"
#include "src/base/file_system.h"
#include "src/base/log.h"

namespace helio::dataio {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kShards = 16;
constexpr int32_t kCaptions = 5, kWords = 10;

PackedRecord Record(int64_t i) {
  PackedRecord record;
  record.id = "class/picture_" + std::to_string(i);
  record.image.assign(48, static_cast<uint8_t>(i));
  record.width = record.height = 4;
  record.class_id = i % 200;
  for (int32_t c = 0; c < kCaptions; ++c) {
    record.captions.emplace_back("a small bird with a red head and white wings");
    record.tokens.emplace_back(kWords, c + 1);
  }
  return record;
}

void Draw(const fs::path& root, int64_t records) {
  fs::create_directories(root);
  const Vocabulary vocabulary({"<end>", "a", "b", "c", "d", "e"}, "");
  WriteFileAtomically(root / "vocabulary.json", vocabulary.ToJson());
  Json shards = Json::array();
  for (int64_t s = 0; s < kShards; ++s) {
    std::vector<PackedRecord> part;
    for (int64_t i = s * records / kShards; i < (s + 1) * records / kShards; ++i) part.push_back(Record(i));
    const auto path = root / ("train-" + std::to_string(s) + ".h5");
    WriteShard(path, part, {"synthetic", "train", Codec::kRaw, vocabulary.Digest(), 4, {}});
    shards.push_back(ManifestEntry(path, Shard(path, vocabulary.size())));
  }
  WriteFileAtomically(root / "manifest.json", Json{{"format_version", kManifestVersion},
                                                   {"classes", 200},
                                                   {"vocabulary", vocabulary.Digest()},
                                                   {"splits", {{"train", shards}}}}
                                                  .dump(1));
}

int64_t AnonymousBytes() {
  std::ifstream rollup("/proc/self/smaps_rollup");
  for (std::string line; std::getline(rollup, line);)
    if (line.starts_with("Anonymous:")) return std::stoll(line.substr(10)) * 1024;
  return 0;
}

void Run(const fs::path& root, int64_t records) {
  Draw(root, records);
  ::malloc_trim(0);  // what drawing left
  const int64_t before = AnonymousBytes();
  const auto start = std::chrono::steady_clock::now();
  const Dataset set(root, "train");
  const std::chrono::duration<double> opened = std::chrono::steady_clock::now() - start;
  const Sampler sampler(set, 64, {}, 1);
  sampler.Batch(0);
  const auto kept = static_cast<double>(AnonymousBytes() - before);
  std::cout << set.size() << " records opened in " << opened.count() << " s; "
            << kept / static_cast<double>(set.size()) << " bytes a record stay in memory" << std::endl;
}

}  // namespace
}  // namespace helio::dataio

int main(int argc, char** argv) {
  CHECK(argc == 2 || argc == 3) << "usage: index_bench FOLDER [RECORDS]";
  helio::dataio::Run(argv[1], argc == 3 ? std::stoll(argv[2]) : 1'000'000);
}
