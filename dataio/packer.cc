#include "dataio/packer.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <regex>
#include <set>
#include <thread>

#include "dataio/dataset.h"
#include "dataio/packed_record.h"
#include "src/base/checksum.h"
#include "src/base/file_system.h"
#include "src/base/json.h"
#include "src/base/seconds.h"
#include "src/base/tensor.h"

namespace helio::dataio {
namespace fs = std::filesystem;
namespace {

// One shard to be written.
struct Job {
  const SourceSplit* split;
  size_t begin, end;
  fs::path path;
  bool damaged = false;  // one of its pictures
  bool empty = false;    // none of its records is left
};

Vocabulary BuildVocabulary(const std::vector<SourceSplit>& splits, WordRule words) {
  Vocabulary vocabulary(words);
  for (const auto& split : splits)
    for (const auto& record : split.records)
      for (const auto& caption : record.captions)
        for (const auto& token : vocabulary.WordsOf(caption)) vocabulary.Add(token);
  return vocabulary;
}

bool IsManifest(const fs::path& file) {
  try {
    const auto json = ReadJson(file);
    return json.is_object() && json.contains("format_version") && json.contains("splits");
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kSystem) throw;
    return false;
  }
}

class Packer {
 public:
  Packer(const std::vector<SourceSplit>& splits, const PackOptions& options)
      : splits_(splits),
        options_(options),
        vocabulary_(options.vocabulary.empty() ? BuildVocabulary(splits, options.words)
                                               : Vocabulary::Read(options.vocabulary)) {
    for (const auto& split : splits) Plan(split);
  }

  void Run() {
    CheckPlace();
    MakeFolders(stage_);
    std::vector<std::thread> threads;
    const int workers = options_.workers > 0
                            ? options_.workers
                            : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
    for (int i = 0; i < workers; ++i) threads.emplace_back([this] { Work(); });
    for (auto& thread : threads) thread.join();
    if (failure_) std::rethrow_exception(failure_);
    Settle();
    Publish();
  }

 private:
  // Somebody else's file of that name is not ours to replace.
  void CheckPlace() const {
    const auto manifest = options_.out / "manifest.json";
    if (Exists(manifest) && !IsManifest(manifest))
      ThrowUser("is there and no data set's", manifest.string(), "choose another --out");
    if (const auto words = options_.out / "vocabulary.json"; Exists(words) && !Exists(manifest))
      Vocabulary::Read(words);
  }

  // Until here a data set that lies there is whole, and nothing is lost by what cannot be packed.
  void Publish() {
    if (Exists(options_.out / "manifest.json"))
      LOG(INFO) << options_.out.string() << ": replaces the data set that lies there";
    RemoveFile(options_.out / "manifest.json");
    RemoveShards();
    for (auto& job : jobs_) {
      const auto staged = std::exchange(job.path, options_.out / job.path.filename());
      if (!job.empty) Rename(staged, job.path);
    }
    WriteFileAtomically(options_.out / "vocabulary.json", vocabulary_.ToJson());
    WriteFileAtomically(options_.out / "manifest.json", Manifest().dump(1));
    RemoveTree(stage_);
  }

  // Of an earlier data set.
  void RemoveShards() const {
    static const std::regex name("(train|test|val)-[0-9]{5}-of-[0-9]{5}\\.h5");
    std::vector<fs::path> shards;
    for (const auto& entry : fs::directory_iterator(options_.out))
      if (std::regex_match(entry.path().filename().string(), name)) shards.push_back(entry.path());
    for (const auto& shard : shards) RemoveFile(shard);
  }

  void Plan(const SourceSplit& split) {
    const auto records = static_cast<int64_t>(split.records.size());
    if (records == 0) return;
    const int64_t shards = (records + options_.shard_records - 1) / options_.shard_records;
    for (int64_t i = 0; i < shards; ++i) {
      char name[64];
      std::snprintf(name, sizeof name, "-%05lld-of-%05lld.h5", static_cast<long long>(i),
                    static_cast<long long>(shards));
      jobs_.push_back({&split, static_cast<size_t>(i * records / shards),
                       static_cast<size_t>((i + 1) * records / shards), stage_ / (split.name + name)});
    }
    total_ += records;
  }

  void Work() {
    at::set_num_threads(1);
    while (true) {
      const size_t job = next_++;
      if (job >= jobs_.size() || failed_) return;
      try {
        WriteJob(jobs_[job]);
      } catch (...) {
        const std::lock_guard lock(mutex_);
        if (!failed_.exchange(true)) failure_ = std::current_exception();
      }
    }
  }

  void WriteJob(Job& job) {
    if (IsWritten(job)) return Report(job.end - job.begin);
    RemoveFile(job.path);  // of another plan
    RemoveFile(PlanFile(job));
    std::vector<PackedRecord> records;
    for (size_t i = job.begin; i < job.end; ++i) {
      if (failed_) return;
      if (auto record = PackOrNote(job, i)) records.push_back(std::move(*record));
      Report(1);
    }
    job.empty = records.empty();
    if (job.empty || (job.damaged && !options_.skip_damaged)) return;
    WriteShard(job.path, records, HeaderOf(*job.split));
    // One that lacks a damaged picture is made again by the next attempt, which names the damage again.
    if (!job.damaged) WriteFileAtomically(PlanFile(job), PlanDigest(job));
  }

  ShardHeader HeaderOf(const SourceSplit& split) const {
    return {options_.name, split.name, options_.codec, vocabulary_.Digest(), options_.side, split.part_names};
  }

  // Nothing where the picture is damaged: all of them are named together, at the end.
  std::optional<PackedRecord> PackOrNote(Job& job, size_t place) {
    const auto& source = job.split->records[place];
    try {
      bool mended = false;
      auto record = PackRecord(source, options_, vocabulary_, mended);
      const std::lock_guard lock(mutex_);
      if (mended && mended_++ == 0) first_mended_ = source.image.string();
      return record;
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::kSystem) throw;
      const std::lock_guard lock(mutex_);
      damages_[{&job - jobs_.data(), place}] = error.what();
      job.damaged = true;
      return std::nullopt;
    }
  }

  // After all workers. Throws Error{kUser} for damaged pictures that are not to be skipped, or if nothing is
  // left.
  void Settle() const {
    if (mended_ > 0)
      LOG(WARNING) << mended_
                   << " pictures have stray bytes between their segments, of which nothing is lost; "
                   << "the first: " << first_mended_;
    Complaints complaints(options_.skip_damaged);
    for (const auto& [place, damage] : damages_) complaints.Add(damage);
    complaints.Settle("the source");
    std::set<std::string> left;
    for (const auto& job : jobs_)
      if (!job.empty) left.insert(job.split->name);
    if (left.empty()) ThrowUser("nothing can be packed", options_.out.string());
    for (const char* name : {"train", "test"})
      if (!left.contains(name))
        LOG(WARNING) << "no record of split '" << name
                     << "' is left, and training wants it: add pictures, or "
                     << "say which are for testing (docs/layouts.md)";
  }

  // What a shard is made from; a shard of the same plan need not be made again.
  std::string PlanDigest(const Job& job) const {
    std::ostringstream plan;
    plan << kManifestVersion << " with regions " << options_.name << ' ' << options_.side << options_.codec
         << options_.quality << vocabulary_.Digest() << (options_.crop == "box" ? "" : " whole");
    for (const auto& name : job.split->part_names) plan << '\t' << name;
    for (size_t i = job.begin; i < job.end; ++i) {
      const auto& record = job.split->records[i];
      plan << '\n' << record.id << '\t' << record.class_id;
      for (const auto& caption : record.captions) plan << '\t' << caption;
      for (const double value : record.box) plan << ' ' << value;
      for (const auto& part : record.parts) plan << ' ' << part.x << ' ' << part.y << ' ' << part.visible;
      std::error_code missing;  // a picture that was skipped has no size
      plan << '\t' << fs::file_size(record.image, missing);
    }
    return Digest(plan.str());
  }

  static fs::path PlanFile(const Job& job) {
    return job.path.parent_path() / ("." + job.path.filename().string() + ".plan");
  }

  bool IsWritten(const Job& job) const {
    return Exists(job.path) && Exists(PlanFile(job)) && ReadFile(PlanFile(job)) == PlanDigest(job);
  }

  void Report(size_t records) {
    const auto done = static_cast<int64_t>(done_ += records);
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    if (done < total_ && now - reported_ < std::chrono::seconds(5)) return;
    reported_ = now;
    const double seconds = Seconds(now - start_);
    LOG(INFO) << "packed " << done << " of " << total_ << " ("
              << static_cast<int64_t>(static_cast<double>(done) / std::max(seconds, 1e-3)) << " a second, "
              << static_cast<int64_t>(seconds / static_cast<double>(done) *
                                      static_cast<double>(total_ - done))
              << " s left)";
  }

  int64_t ClassCount() const {
    int64_t classes = 0;
    for (const auto& split : splits_)
      for (const auto& record : split.records) classes = std::max(classes, record.class_id + 1);
    return classes;
  }

  Json Manifest() const {
    Json splits = Json::object();
    for (const auto& job : jobs_) {
      if (job.empty) continue;
      splits[job.split->name].push_back(ManifestEntry(job.path, Shard(job.path, vocabulary_.size())));
    }
    return {{"format_version", kManifestVersion},
            {"dataset", options_.name},
            {"codec", options_.codec},
            {"side", options_.side},
            {"classes", ClassCount()},
            {"vocabulary", vocabulary_.Digest()},
            {"words", vocabulary_.size()},
            {"splits", splits}};
  }

  const std::vector<SourceSplit>& splits_;
  const PackOptions options_;
  // Shards on their way; an interrupted pack goes on with them.
  const fs::path stage_ = options_.out / ".packing";
  const Vocabulary vocabulary_;
  std::vector<Job> jobs_;
  int64_t total_ = 0;
  std::atomic<size_t> next_{0}, done_{0};
  std::atomic<bool> failed_{false};
  std::mutex mutex_;
  std::exception_ptr failure_;
  std::map<std::pair<ptrdiff_t, size_t>, std::string> damages_;  // by job and record
  int64_t mended_ = 0;
  std::string first_mended_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point reported_ = start_;
};

}  // namespace

void PackOptions::Declare(OptionList& list) {
  list.AddOperational(
      "side", &side, Between(8, 4096),
      "Shorter side of stored pictures: 304 for 256-pixel training, 76 for 64-pixel training");
  list.AddOperational("crop", &crop, OneOf({"box", "none"}),
                      "box: pictures are cropped to 1.5 times their box, if they have one; none: whole, for "
                      "systems that learn where things are (GAWWN)");
  list.AddOperational("codec", &codec, OneOf({"jpeg", "raw"}), "Stored pictures: jpeg (small) or raw (fast)");
  list.AddOperational("quality", &quality, Between(1, 100), "JPEG quality of stored pictures");
  list.AddOperational("shard_records", &shard_records, AtLeast(1), "Pictures a shard");
  list.AddOperational("workers", &workers, Between(0, 1024), "Packing threads (0: one a core)");
}

PackFolder::PackFolder(const fs::path& path)
    : path_(path), lock_(path, "wait until it has ended, or choose another --out") {}

PackFolder::~PackFolder() { lock_.Remove(); }

void PackDataset(const std::vector<SourceSplit>& splits, const PackOptions& options) {
  PackFolder folder(options.out);
  PackDataset(folder, splits, options);
}

void PackDataset(PackFolder& folder, const std::vector<SourceSplit>& splits, PackOptions options) {
  OptionList list;
  options.Declare(list);
  list.Assign(list.Values());
  options.out = folder.path();
  Packer(splits, options).Run();
}

}  // namespace helio::dataio
