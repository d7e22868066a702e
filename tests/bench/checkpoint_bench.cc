// What a checkpoint of the published CUB size costs: checkpoint_bench FOLDER [MILLION PARAMETERS, default
// 105]. Parameters, two moments and averages of a quarter of them (the generator), in turn with a plain write
// of the same bytes to the same disk:
//   snapshot: what training waits for; write: in the background; disk: write() and fsync of the same bytes;
//   slower: how much longer a fixed piece of arithmetic takes while a checkpoint is written.
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <iostream>

#include "src/base/heap.h"
#include "src/train/checkpoint_writer.h"

namespace helio::train {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

double Seconds(const std::function<void()>& work) {
  const auto start = Clock::now();
  work();
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Tensors of a million numbers each.
NamedTensors Numbers(const std::string& name, int64_t millions) {
  NamedTensors tensors;
  for (int64_t i = 0; i < millions; ++i)
    tensors.emplace_back(name + std::to_string(i), torch::rand({1000, 1000}));
  return tensors;
}

struct Training {
  explicit Training(int64_t millions)
      : model(Numbers("w", millions)),
        moments(Numbers("m", 2 * millions)),
        average(Numbers("a", millions / 4)) {}
  NamedTensors model, moments, average;
};

Snapshot Take(const Training& training, int64_t step) {
  Snapshot snapshot;
  snapshot.step = step;
  snapshot.tensors["model"] = HostCopies(training.model);
  snapshot.tensors["optimizer"] = HostCopies(training.moments);
  snapshot.tensors["average"] = HostCopies(training.average);
  return snapshot;
}

// The same bytes as a stream, with nothing but write() and fsync.
void WritePlainly(const fs::path& path, const Training& training) {
  const int file = ::open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0644);
  for (const auto* tensors : {&training.model, &training.moments, &training.average})
    for (const auto& [name, tensor] : *tensors)
      CHECK_EQ(::write(file, tensor.data_ptr(), tensor.nbytes()), static_cast<ssize_t>(tensor.nbytes()));
  CHECK_EQ(::fsync(file), 0);
  ::close(file);
  fs::remove(path);
}

// A training step's stand-in: one thread's arithmetic, about a second.
double Arithmetic(int64_t products) {
  static const auto a = torch::rand({1024, 1024});
  return Seconds([&] {
    for (int64_t i = 0; i < products; ++i) torch::mm(a, a);
  });
}

int64_t ProductsOfASecond() {
  Arithmetic(2);
  return std::max<int64_t>(1, static_cast<int64_t>(10 / Arithmetic(10)));
}

void Round(const fs::path& root, const Training& training, int64_t round) {
  const int64_t products = ProductsOfASecond();
  const double disk = Seconds([&] { WritePlainly(root / "plain", training); });
  std::optional<Snapshot> snapshot;
  const double taking = Seconds([&] { snapshot = Take(training, round); });
  const double alone = Arithmetic(products);
  CheckpointWriter writer(root / "checkpoints", {1, 0, ""});
  writer.Save(std::move(*snapshot));
  const double beside = Arithmetic(products);
  writer.Flush();
  const auto outcome = *writer.TakeOutcome();
  CHECK(outcome.error.empty()) << outcome.error;
  const auto megabytes = static_cast<double>(outcome.bytes) / 1e6;
  std::cout << megabytes << " MB: snapshot " << taking << " s; write " << megabytes / outcome.seconds
            << " MB/s; disk " << megabytes / disk << " MB/s; share " << 100 * disk / outcome.seconds
            << " %; arithmetic beside the write takes " << 100 * (beside / alone - 1) << " % longer"
            << std::endl;
}

}  // namespace
}  // namespace helio::train

int main(int argc, char** argv) {
  CHECK(argc == 2 || argc == 3) << "usage: checkpoint_bench FOLDER [MILLION PARAMETERS]";
  helio::KeepHeap();
  at::set_num_threads(1);
  const std::filesystem::path root = argv[1];
  std::filesystem::create_directories(root);
  const helio::train::Training training(argc == 3 ? std::stoll(argv[2]) : 105);
  for (int64_t round = 1; round <= 4; ++round) helio::train::Round(root, training, round);
}
