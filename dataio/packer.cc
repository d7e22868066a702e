#include "dataio/packer.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "dataio/dataset.h"
#include "dataio/text.h"
#include "src/base/checksum.h"
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
};

constexpr double kMaxBox = 1 << 20;  // beyond that integers overflow; no picture is as large

// The published crop (AttnGAN code/datasets.py get_imgs): half side int(0.75 * longer side) around the box's
// centre, clipped.
struct Region {
  int left, top, right, bottom;
};

Region RegionOfBox(const Image& image, const SourceRecord& record) {
  const auto [x, y, width, height] = record.box;
  if (x >= image.width || y >= image.height || x + width <= 0 || y + height <= 0 || width > kMaxBox ||
      height > kMaxBox || x < -kMaxBox || y < -kMaxBox)
    ThrowData("its box lies outside the picture", record.image.string());
  const int reach = static_cast<int>(std::max(static_cast<int>(width), static_cast<int>(height)) * 0.75);
  const int centre_x = (2 * static_cast<int>(x) + static_cast<int>(width)) / 2,
            centre_y = (2 * static_cast<int>(y) + static_cast<int>(height)) / 2;
  const int left = std::max(0, centre_x - reach), right = std::min(image.width, centre_x + reach);
  const int top = std::max(0, centre_y - reach), bottom = std::min(image.height, centre_y + reach);
  if (left >= right || top >= bottom) ThrowData("its box lies outside the picture", record.image.string());
  return {left, top, right, bottom};
}

// Ids of a caption's words; words that a given vocabulary lacks are dropped and counted.
std::vector<int32_t> IdsOf(const std::string& caption, const Vocabulary& vocabulary) {
  std::vector<int32_t> ids;
  for (const auto& token : Tokenize(caption))
    if (const int64_t id = vocabulary.Find(token); id > 0) ids.push_back(static_cast<int32_t>(id));
  return ids;
}

Vocabulary BuildVocabulary(const std::vector<SourceSplit>& splits) {
  Vocabulary vocabulary;
  for (const auto& split : splits)
    for (const auto& record : split.records)
      for (const auto& caption : record.captions)
        for (const auto& token : Tokenize(caption)) vocabulary.Add(token);
  return vocabulary;
}

class Packer {
 public:
  Packer(const std::vector<SourceSplit>& splits, const PackOptions& options)
      : splits_(splits),
        options_(options),
        vocabulary_(options.vocabulary.empty() ? BuildVocabulary(splits)
                                               : Vocabulary::Read(options.vocabulary)) {
    for (const auto& split : splits) Plan(split);
  }

  void Run() {
    fs::create_directories(options_.out);
    fs::remove(options_.out / "manifest.json");  // until the end this is no data set
    WriteFileAtomically(options_.out / "vocabulary.json", vocabulary_.ToJson());
    std::vector<std::thread> threads;
    const int workers = options_.workers > 0
                            ? options_.workers
                            : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
    for (int i = 0; i < workers; ++i) threads.emplace_back([this] { Work(); });
    for (auto& thread : threads) thread.join();
    if (failure_) std::rethrow_exception(failure_);
    if (damaged_ > 0)
      LOG(WARNING) << "left out " << damaged_ << " damaged pictures; the first: " << first_damage_;
    WriteFileAtomically(options_.out / "manifest.json", Manifest().dump(1));
  }

 private:
  void Plan(const SourceSplit& split) {
    const auto records = static_cast<int64_t>(split.records.size());
    if (records == 0) return;
    const int64_t shards = (records + options_.shard_records - 1) / options_.shard_records;
    for (int64_t i = 0; i < shards; ++i) {
      char name[64];
      std::snprintf(name, sizeof name, "-%05lld-of-%05lld.h5", static_cast<long long>(i),
                    static_cast<long long>(shards));
      jobs_.push_back({&split, static_cast<size_t>(i * records / shards),
                       static_cast<size_t>((i + 1) * records / shards), options_.out / (split.name + name)});
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

  void WriteJob(const Job& job) {
    if (IsWritten(job)) return Report(job.end - job.begin);
    std::vector<PackedRecord> records;
    for (size_t i = job.begin; i < job.end; ++i) {
      if (failed_) return;
      if (auto record = PackOrSkip(job.split->records[i])) records.push_back(std::move(*record));
      Report(1);
    }
    WriteShard(job.path, records, HeaderOf(*job.split));
    WriteFileAtomically(PlanFile(job), PlanDigest(job));
  }

  ShardHeader HeaderOf(const SourceSplit& split) const {
    return {options_.name, split.name, options_.codec, vocabulary_.Digest(), options_.side, split.part_names};
  }

  std::optional<PackedRecord> PackOrSkip(const SourceRecord& source) {
    try {
      return Pack(source);
    } catch (const Error& error) {
      if (!options_.skip_damaged) throw;
      const std::lock_guard lock(mutex_);
      if (damaged_++ == 0) first_damage_ = error.what();
      return std::nullopt;
    }
  }

  PackedRecord Pack(const SourceRecord& source) {
    const std::string bytes = ReadFile(source.image);
    Image image =
        DecodeImage({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, source.image.string());
    Region region{0, 0, image.width, image.height};
    if (source.has_box()) {
      region = RegionOfBox(image, source);
      image = Crop(image, region.left, region.top, region.right, region.bottom);
    }
    image = ResizeShortSide(image, options_.side);
    PackedRecord record;
    record.id = source.id;
    record.width = image.width;
    record.height = image.height;
    record.class_id = source.class_id;
    for (size_t i = 0; i < 4; ++i) record.box[i] = static_cast<float>(source.box[i]);
    record.region = {static_cast<float>(region.left), static_cast<float>(region.top),
                     static_cast<float>(region.right - region.left),
                     static_cast<float>(region.bottom - region.top)};
    record.parts = source.parts;
    for (const auto& caption : source.captions) {
      if (!IsUtf8(caption)) ThrowData("a caption is not UTF-8", source.image.string());
      auto ids = IdsOf(caption, vocabulary_);
      if (ids.empty()) continue;
      record.captions.push_back(caption);
      record.tokens.push_back(std::move(ids));
    }
    if (options_.captions && record.captions.empty())
      ThrowData("none of its captions has a word of the vocabulary", source.image.string());
    record.image = options_.codec == "raw" ? std::move(image.pixels) : EncodeJpeg(image, options_.quality);
    return record;
  }

  // What a shard is made from; a shard of the same plan need not be made again.
  std::string PlanDigest(const Job& job) const {
    std::ostringstream plan;
    plan << kManifestVersion << " with regions " << options_.name << ' ' << options_.side << options_.codec
         << options_.quality << vocabulary_.Digest();
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
    const std::string text = plan.str();
    return Digest(std::as_bytes(std::span(text)));
  }

  static fs::path PlanFile(const Job& job) {
    return job.path.parent_path() / ("." + job.path.filename().string() + ".plan");
  }

  bool IsWritten(const Job& job) const {
    return fs::exists(job.path) && fs::exists(PlanFile(job)) && ReadFile(PlanFile(job)) == PlanDigest(job);
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
      splits[job.split->name].push_back(ManifestEntry(job.path, Shard(job.path, vocabulary_.size())));
      fs::remove(PlanFile(job));
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
  const Vocabulary vocabulary_;
  std::vector<Job> jobs_;
  int64_t total_ = 0;
  std::atomic<size_t> next_{0}, done_{0};
  std::atomic<bool> failed_{false};
  std::mutex mutex_;
  std::exception_ptr failure_;
  int64_t damaged_ = 0;
  std::string first_damage_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point reported_ = start_;
};

}  // namespace

void PackDataset(const std::vector<SourceSplit>& splits, const PackOptions& options) {
  if (options.codec != "jpeg" && options.codec != "raw")
    ThrowUser("unknown codec '" + options.codec + "'", "--codec", "jpeg or raw");
  if (options.side < 8 || options.side > 4096) ThrowUser("must be 8 to 4096", "--side");
  Packer(splits, options).Run();
}

}  // namespace helio::dataio
