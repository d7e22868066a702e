#pragma once
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "src/train/checkpoint.h"

namespace helio::train {

// Which checkpoints stay. The best (by `Snapshot::info["score"]`, higher is better) always does.
struct Retention {
  int keep_last = 3;
  int64_t keep_every = 0;  // steps that are a multiple of it stay for ever; 0: none
};

// What the last background write did; for metrics and logs.
struct WriteOutcome {
  int64_t step = 0;
  double seconds = 0;
  uint64_t bytes = 0;
  std::string error;  // empty: success
};

// Writes snapshots in a thread of its own, so that training waits for the copy to host only. Used by rank 0.
// One owner thread.
class CheckpointWriter {
 public:
  CheckpointWriter(std::filesystem::path root, Retention retention);
  ~CheckpointWriter();  // finishes the write under way

  // Hands over; waits first if the previous write is still running (the disk is slower than the cadence).
  void Save(Snapshot snapshot);
  // Waits for the write under way.
  void Flush();
  // The outcome of the latest finished write, once.
  std::optional<WriteOutcome> TakeOutcome();

 private:
  void Run();
  WriteOutcome Write(const Snapshot& snapshot);
  void RemoveOld();

  const std::filesystem::path root_;
  const Retention retention_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Snapshot> pending_;
  bool writing_ = false;
  bool stop_ = false;
  std::optional<WriteOutcome> outcome_;
  std::thread thread_;
};

}  // namespace helio::train
