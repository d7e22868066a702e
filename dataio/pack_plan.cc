#include "dataio/pack_plan.h"

#include <sstream>

#include "dataio/dataset.h"
#include "src/base/checksum.h"
#include "src/base/file_system.h"

namespace helio::dataio {
namespace fs = std::filesystem;
namespace {

void AddJobs(const SourceSplit& split, const Packing& packing, std::vector<PackJob>& jobs) {
  const auto records = static_cast<int64_t>(split.records.size());
  if (records == 0) return;
  const int64_t shards = (records + packing.options.shard_records - 1) / packing.options.shard_records;
  for (int64_t i = 0; i < shards; ++i) {
    char name[64];
    std::snprintf(name, sizeof name, "-%05lld-of-%05lld.h5", static_cast<long long>(i),
                  static_cast<long long>(shards));
    jobs.push_back({&split, static_cast<size_t>(i * records / shards),
                    static_cast<size_t>((i + 1) * records / shards), packing.stage / (split.name + name)});
  }
}

// What a shard is made from; a shard of the same plan need not be made again.
std::string PlanDigest(const Packing& packing, const PackJob& job) {
  const auto& options = packing.options;
  std::ostringstream plan;
  // Shards of before regions were recorded (docs/formats.md) have other plans.
  plan << kManifestVersion << " with regions " << options.name << ' ' << options.side
       << NameIn(kCodecs, options.codec) << options.quality << packing.vocabulary.Digest()
       << (options.crop == Framing::kBox ? "" : " whole");
  for (const auto& name : job.split->key_point_names) plan << '\t' << name;
  for (size_t i = job.begin; i < job.end; ++i) {
    const auto& record = job.split->records[i];
    plan << '\n' << record.id << '\t' << record.class_id;
    for (const auto& caption : record.captions) plan << '\t' << caption;
    for (const double value : record.box) plan << ' ' << value;
    for (const auto& point : record.key_points)
      plan << ' ' << point.x << ' ' << point.y << ' ' << point.visible;
    std::error_code missing;  // a picture that was skipped has no size
    plan << '\t' << fs::file_size(record.image, missing);
  }
  return Digest(plan.str());
}

fs::path PlanFile(const PackJob& job) {
  return job.path.parent_path() / ("." + job.path.filename().string() + ".plan");
}

}  // namespace

std::vector<PackJob> PlanJobs(const Packing& packing) {
  std::vector<PackJob> jobs;
  for (const auto& split : packing.splits) AddJobs(split, packing, jobs);
  return jobs;
}

bool IsWritten(const Packing& packing, const PackJob& job) {
  return Exists(job.path) && Exists(PlanFile(job)) && ReadFile(PlanFile(job)) == PlanDigest(packing, job);
}

void MarkWritten(const Packing& packing, const PackJob& job) {
  WriteFileAtomically(PlanFile(job), PlanDigest(packing, job));
}

void RemoveWritten(const PackJob& job) {
  RemoveFile(job.path);
  RemoveFile(PlanFile(job));
}

}  // namespace helio::dataio
