// How fast a packed split is read: loader_bench DATA SIDE WORKERS SECONDS prints one line of JSON. Beside the
// loader it measures what the machine could do at most with the same bytes: reading them from the page cache
// into a buffer (raw pictures), decoding them with turbojpeg (JPEG). One core each.
#include <fcntl.h>
#include <sys/resource.h>
#include <turbojpeg.h>
#include <unistd.h>

#include <chrono>
#include <iostream>

#include "dataio/loader.h"
#include "dataio/upload.h"
#include "src/base/heap.h"
#include "src/base/json.h"

namespace helio::dataio {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

double Since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

double CpuSeconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

struct Rate {
  double a_second, a_cpu_second;
};

// Calls `step`, which handles some images and returns how many, for `seconds`.
Rate Measure(double seconds, const std::function<int64_t()>& step) {
  step();  // warm
  int64_t images = 0;
  const double cpu = CpuSeconds();
  const auto start = Clock::now();
  while (Since(start) < seconds) images += step();
  return {static_cast<double>(images) / Since(start), static_cast<double>(images) / (CpuSeconds() - cpu)};
}

// Every encoded picture of the shard, read with pread into one warm buffer.
int64_t ReadPictures(int file, const Shard& shard, std::vector<uint8_t>& buffer) {
  uint64_t position = shard.images().begin;
  for (int64_t record = 0; record < shard.size(); ++record) {
    const auto [width, height] = shard.Size(record);
    const size_t bytes = size_t{3} * static_cast<size_t>(width) * static_cast<size_t>(height);
    CHECK_EQ(::pread(file, buffer.data(), bytes, static_cast<off_t>(position)), static_cast<ssize_t>(bytes));
    position += bytes;
  }
  return shard.size();
}

Rate ReadLimit(const fs::path& path, const Shard& shard, double seconds) {
  std::vector<uint8_t> buffer(1 << 24);
  const int file = ::open(path.c_str(), O_RDONLY);
  const auto rate = Measure(seconds, [&] { return ReadPictures(file, shard, buffer); });
  ::close(file);
  return rate;
}

Rate DecodeLimit(const Shard& shard, double seconds) {
  std::vector<std::vector<uint8_t>> jpegs;
  for (int64_t record = 0; record < std::min<int64_t>(shard.size(), 64); ++record)
    jpegs.push_back(shard.ImageBytes(record));
  std::vector<uint8_t> pixels(1 << 24);
  void* turbo = tjInitDecompress();
  const auto rate = Measure(seconds, [&] {
    for (const auto& jpeg : jpegs)
      CHECK_EQ(tjDecompress2(turbo, jpeg.data(), jpeg.size(), pixels.data(), 0, 0, 0, TJPF_RGB,
                             TJFLAG_ACCURATEDCT),
               0);
    return std::ssize(jpegs);
  });
  tjDestroy(turbo);
  return rate;
}

// The loader's own part, or with what the training device does: scaling to three sides, floats.
Rate LoaderRate(const std::shared_ptr<const Dataset>& set, int64_t side, int workers, bool upload,
                double seconds) {
  const std::vector<int64_t> sides = {side / 4, side / 2, side};
  const DomainNeeds needs{.sides = sides};
  Loader loader({{set, needs}}, {.global_batch = 16, .workers = workers}, 0);
  return Measure(seconds, [&] {
    auto batch = loader.Next();
    if (upload) Upload(batch, needs, torch::kCPU, torch::kFloat32);
    return batch.rows.local;
  });
}

Json ToJson(const Rate& rate) { return {{"a_second", rate.a_second}, {"a_cpu_second", rate.a_cpu_second}}; }

void Run(const fs::path& root, int64_t side, int workers, double seconds) {
  const auto set = std::make_shared<const Dataset>(root, "train");
  const auto path = root / "train-00000-of-00001.h5";
  const Shard shard(path, set->vocabulary().size());
  const bool raw = shard.header().codec == Codec::kRaw;
  Json result;
  result["limit"] = ToJson(raw ? ReadLimit(path, shard, seconds) : DecodeLimit(shard, seconds));
  result["loader"] = ToJson(LoaderRate(set, side, workers, /*upload=*/false, seconds));
  result["with_upload"] = ToJson(LoaderRate(set, side, workers, /*upload=*/true, seconds));
  result["bytes_a_picture"] = static_cast<double>(shard.images().size()) / static_cast<double>(shard.size());
  std::cout << result.dump() << std::endl;
}

}  // namespace
}  // namespace helio::dataio

int main(int argc, char** argv) {
  CHECK_EQ(argc, 5) << "usage: loader_bench DATA SIDE WORKERS SECONDS";
  helio::KeepHeap();
  at::set_num_threads(1);
  helio::dataio::Run(argv[1], std::stoll(argv[2]), std::stoi(argv[3]), std::stod(argv[4]));
}
