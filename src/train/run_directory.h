#pragma once
#include <filesystem>
#include <string>

#include "src/base/folder_lock.h"
#include "src/base/json.h"
#include "src/train/run_layout.h"

namespace helio::train {

// A run's output folder on rank 0: locked against a second job, with metrics.jsonl (a JSON object a line,
// appended) in it.
class RunDirectory {
 public:
  // Creates the folder and takes its lock. Throws an Error that names the holder if another live process has
  // it: Error{kUser}, or Error{kCluster} where the job was started again (LockPatience).
  explicit RunDirectory(std::filesystem::path path);
  RunDirectory(const RunDirectory&) = delete;
  RunDirectory& operator=(const RunDirectory&) = delete;
  ~RunDirectory();

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path checkpoints() const { return CheckpointsOf(path_); }

  // Where the folder (or its lock) was removed: makes it again and takes its lock. Whether it was. Throws as
  // the constructor, at once where another job has it by now.
  bool MakeAgainIfRemoved();
  // Keeps the lines of metrics.jsonl up to `step`, with `unjudged` without that step's scores: what a killed
  // attempt logged after its last checkpoint will be logged again.
  void RewindMetrics(int64_t step, bool unjudged = false);
  // Moves metrics.jsonl and the sample pictures of an earlier run to set-aside/. Nothing is deleted.
  void SetAsideRecord();
  // A line that cannot be written (disk full) is logged once, kept, and written with the next one. A file
  // that was removed begins anew.
  void AppendMetrics(const Json& line);
  // Brings the lines in the file to the disk: a resume keeps those up to its checkpoint. Any thread.
  void SyncMetrics() const;

 private:
  bool WritePending();

  std::filesystem::path path_;
  FolderLock lock_;
  int metrics_ = -1;
  std::string pending_;  // lines that are not in the file yet
  bool failing_ = false;
};

}  // namespace helio::train
