#pragma once
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "src/train/checkpoint.h"

namespace helio::train {

// Which checkpoints stay: the newest ones, multiples of a step count, the best by a score, and the newest
// that was not made among bad steps (FindWayBack).
struct Retention {
  int keep_last = 3;       // at least 1
  int64_t keep_every = 0;  // steps that are a multiple of it stay for ever; 0: none
  // The name of a score in `CheckpointInfo::scores`; "-" in front: lower is better. Empty: none is best.
  std::string keep_best = {};
};

// The entries (newest first) that `retention` gives up. Scores are read from the manifests. Throws
// Error{kSystem} where one of them cannot be read just now.
std::vector<CheckpointEntry> GivenUp(const std::vector<CheckpointEntry>& entries, const Retention& retention);

// What a background write did; for metrics and logs.
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
  // Removes what a killed writer left under `root`. `before` runs in the writer's thread ahead of each
  // checkpoint: it brings to the disk what a resume from it relies on.
  CheckpointWriter(std::filesystem::path root, Retention retention, std::function<void()> before = {});
  CheckpointWriter(const CheckpointWriter&) = delete;
  CheckpointWriter& operator=(const CheckpointWriter&) = delete;
  ~CheckpointWriter();  // finishes the write under way

  // Waits for the write under way, and warns where that takes long: the disk is slower than the cadence.
  void MakeRoom();
  // Hands over, once there is room.
  void Save(Snapshot snapshot);
  // Waits for the write under way.
  void Flush();
  // The outcome of the oldest finished write that was not taken yet: of every write one, in their order.
  std::optional<WriteOutcome> TakeOutcome();

 private:
  void Run();
  WriteOutcome Write(const Snapshot& snapshot);
  void RemoveGivenUp() const;

  const std::filesystem::path root_;
  const Retention retention_;
  const std::function<void()> before_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Snapshot> pending_;
  bool writing_ = false;
  bool stop_ = false;
  std::deque<WriteOutcome> outcomes_;
  std::thread thread_;
};

}  // namespace helio::train
