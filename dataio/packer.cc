#include "dataio/packer.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "dataio/complaints.h"
#include "dataio/pack_plan.h"
#include "dataio/packed_record.h"
#include "dataio/publish.h"
#include "src/base/file_system.h"
#include "src/base/log.h"
#include "src/base/seconds.h"
#include "src/base/tensor.h"
#include "src/base/usable_cores.h"

namespace helio::dataio {
namespace fs = std::filesystem;
namespace {

Vocabulary BuildVocabulary(const std::vector<SourceSplit>& splits, WordRule words) {
  Vocabulary vocabulary(words);
  for (const auto& split : splits)
    for (const auto& record : split.records)
      for (const auto& caption : record.captions)
        for (const auto& token : vocabulary.WordsOf(caption)) vocabulary.Add(token);
  return vocabulary;
}

class Packer {
 public:
  Packer(const std::vector<SourceSplit>& splits, const PackOptions& options)
      : packing_{splits, options,
                 options.vocabulary.empty() ? BuildVocabulary(splits, options.words)
                                            : Vocabulary::Read(options.vocabulary),
                 options.out / ".packing"},
        jobs_(PlanJobs(packing_)) {
    for (const auto& split : splits) total_ += std::ssize(split.records);
  }

  void Run() {
    CheckPlace(options_.out);
    if (!options_.vocabulary.empty()) CheckVocabulary(packing_.splits, options_, vocabulary_);
    MakeFolders(packing_.stage);
    std::vector<std::thread> threads;
    const int workers = options_.workers > 0 ? options_.workers : UsableCores();
    try {
      for (int i = 0; i < workers; ++i) threads.emplace_back([this] { Work(); });
    } catch (...) {  // a thread is not to be had
      Fail(std::current_exception());
    }
    for (auto& thread : threads) thread.join();
    if (failure_) std::rethrow_exception(failure_);
    Settle();
    Publish(packing_, std::move(jobs_));
  }

 private:
  void Work() {
    at::set_num_threads(1);
    while (true) {
      const size_t job = next_++;
      if (job >= jobs_.size() || failed_) return;
      try {
        WriteJob(jobs_[job]);
      } catch (...) {
        Fail(std::current_exception());
      }
    }
  }

  void Fail(std::exception_ptr failure) {
    const std::lock_guard lock(mutex_);
    if (!failed_.exchange(true)) failure_ = std::move(failure);
  }

  void WriteJob(PackJob& job) {
    if (IsWritten(packing_, job)) return Report(job.end - job.begin);
    RemoveWritten(job);  // of another plan
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
    if (!job.damaged) MarkWritten(packing_, job);
  }

  ShardHeader HeaderOf(const SourceSplit& split) const {
    return {options_.name,        split.name,    options_.codec,
            vocabulary_.Digest(), options_.side, split.key_point_names};
  }

  // Nothing where the picture is damaged: all of them are named together, at the end.
  std::optional<PackedRecord> PackOrNote(PackJob& job, size_t place) {
    const auto& source = job.split->records[place];
    try {
      RecordNotes notes;
      auto record = PackRecord(source, options_, vocabulary_, notes);
      const std::lock_guard lock(mutex_);
      if (notes.mended && mended_++ == 0) first_mended_ = source.image.string();
      if (notes.points_outside > 0 && points_outside_ == 0) first_outside_ = source.image.string();
      points_outside_ += notes.points_outside;
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
    LogMended();
    Complaints complaints(options_.skip_damaged);
    for (const auto& [place, damage] : damages_) complaints.Add(damage);
    complaints.Settle("the source");
    CheckWhatIsLeft();
  }

  void LogMended() const {
    if (mended_ > 0)
      LOG(WARNING) << mended_
                   << " pictures have stray bytes between their segments, of which nothing is lost; "
                   << "the first: " << first_mended_;
    if (points_outside_ > 0)
      LOG(WARNING) << points_outside_
                   << " key points lie outside their pictures and are taken as not visible; the first: "
                   << first_outside_;
  }

  void CheckWhatIsLeft() const {
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

  void Report(size_t records) {
    const auto done = static_cast<int64_t>(done_ += records);
    const std::lock_guard lock(mutex_);
    const auto now = Clock::now();
    if (done < total_ && now - reported_ < std::chrono::seconds(5)) return;
    reported_ = now;
    const double seconds = Seconds(now - start_);
    LOG(INFO) << "packed " << done << " of " << total_ << " ("
              << static_cast<int64_t>(static_cast<double>(done) / std::max(seconds, 1e-3)) << " a second, "
              << static_cast<int64_t>(seconds / static_cast<double>(done) *
                                      static_cast<double>(total_ - done))
              << " s left)";
  }

  const Packing packing_;
  const PackOptions& options_ = packing_.options;
  const Vocabulary& vocabulary_ = packing_.vocabulary;
  std::vector<PackJob> jobs_;
  int64_t total_ = 0;
  std::atomic<size_t> next_{0}, done_{0};
  std::atomic<bool> failed_{false};
  std::mutex mutex_;
  std::exception_ptr failure_;
  std::map<std::pair<ptrdiff_t, size_t>, std::string> damages_;  // by job and record
  int64_t mended_ = 0, points_outside_ = 0;
  std::string first_mended_, first_outside_;
  const Clock::time_point start_ = Clock::now();
  Clock::time_point reported_ = start_;
};

}  // namespace

void PackOptions::Declare(OptionList& list) {
  list.AddOperational(
      "side", &side, Between(8, 4096),
      "Shorter side of stored pictures: 304 for 256-pixel training, 76 for 64-pixel training");
  list.AddOperational("crop", &crop, kFramings,
                      "box: pictures are cropped to 1.5 times their box, if they have one; none: whole, for "
                      "systems that learn where things are (GAWWN)");
  list.AddOperational("codec", &codec, kCodecs, "Stored pictures: jpeg (small) or raw (fast)");
  list.AddOperational("quality", &quality, Between(1, 100), "JPEG quality of stored pictures");
  list.AddOperational("shard_records", &shard_records, Between(1, 1e9), "Pictures a shard");
  list.AddOperational("workers", &workers, Between(0, 1024),
                      "Packing threads (0: one a core, or as many as a container's CPU limit allows)");
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
