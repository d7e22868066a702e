#include "src/train/checkpoint_writer.h"

#include <sys/resource.h>
#include <unistd.h>

#include "src/base/seconds.h"

namespace helio::train {
namespace fs = std::filesystem;
namespace {

// Nothing of a damaged one. Of a disk that fails just now nobody knows what it holds: throws.
std::optional<CheckpointInfo> InfoIfWhole(const CheckpointEntry& entry) {
  try {
    return InfoOf(entry);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kSystem) throw;
    return std::nullopt;
  }
}

// Higher is better; -infinity where there is no such score.
double ScoreOf(const CheckpointEntry& entry, const std::string& keep_best) {
  if (keep_best.empty()) return -INFINITY;
  const bool lower = keep_best[0] == '-';
  const auto info = InfoIfWhole(entry);
  const double score = info ? NumberIn(info->scores, keep_best.substr(lower)) : NAN;
  return std::isfinite(score) ? (lower ? -score : score) : -INFINITY;
}

// The step of the newest one that a training which diverges can go back to.
std::optional<int64_t> WayBackStep(const std::vector<CheckpointEntry>& entries) {
  for (const auto& entry : entries)
    if (const auto info = InfoIfWhole(entry); info && info->history.is_way_back()) return entry.step;
  return std::nullopt;
}

// The step of the best one; the earlier of two equals, because later ones did not improve on it.
std::optional<int64_t> BestStep(const std::vector<CheckpointEntry>& entries, const std::string& keep_best) {
  std::optional<int64_t> best;
  double highest = -INFINITY;
  for (const auto& entry : entries)
    if (const double score = ScoreOf(entry, keep_best); score > -INFINITY && score >= highest) {
      highest = score;
      best = entry.step;
    }
  return best;
}

// Training goes first where both want the processor. On Linux a thread has a niceness of its own.
void YieldToTraining() { ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), 10); }

// Hours before the first checkpoint finds it out.
void CheckWritable(const fs::path& folder) {
  if (::access(folder.c_str(), W_OK | X_OK) == 0) return;
  ThrowUser(std::string("cannot be written to: ") + std::strerror(errno), folder.string(),
            "give this user the right to, or choose another --out");
}

}  // namespace

std::vector<CheckpointEntry> GivenUp(const std::vector<CheckpointEntry>& entries,
                                     const Retention& retention) {
  const auto best = BestStep(entries, retention.keep_best), way_back = WayBackStep(entries);
  std::vector<CheckpointEntry> given_up;
  for (size_t i = 0; i < entries.size(); ++i) {
    const int64_t step = entries[i].step;
    const bool recent = static_cast<int>(i) < std::max(1, retention.keep_last);
    const bool milestone = retention.keep_every > 0 && step % retention.keep_every == 0;
    if (!recent && !milestone && step != best && step != way_back) given_up.push_back(entries[i]);
  }
  return given_up;
}

CheckpointWriter::CheckpointWriter(fs::path root, Retention retention, std::function<void()> before)
    : root_(std::move(root)), retention_(std::move(retention)), before_(std::move(before)) {
  RemoveLeftovers(root_);
  MakeFolders(root_);
  CheckWritable(root_);
  thread_ = std::thread([this] { Run(); });
}

CheckpointWriter::~CheckpointWriter() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void CheckpointWriter::MakeRoom() {
  const auto start = Clock::now();
  Flush();
  if (const double seconds = SecondsSince(start); seconds > 1)
    LOG(WARNING) << "training waited " << seconds
                 << " s for the previous checkpoint: the disk is slower than --checkpoint_every";
}

void CheckpointWriter::Save(Snapshot snapshot) {
  MakeRoom();
  const std::lock_guard lock(mutex_);
  pending_ = std::move(snapshot);
  changed_.notify_all();
}

void CheckpointWriter::Flush() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !pending_ && !writing_; });
}

std::optional<WriteOutcome> CheckpointWriter::TakeOutcome() {
  const std::lock_guard lock(mutex_);
  if (outcomes_.empty()) return std::nullopt;
  auto oldest = std::move(outcomes_.front());
  outcomes_.pop_front();
  return oldest;
}

void CheckpointWriter::Run() {
  YieldToTraining();
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return pending_ || stop_; });
    if (!pending_) return;
    const Snapshot snapshot = std::move(*pending_);
    pending_.reset();
    writing_ = true;
    lock.unlock();
    WriteOutcome outcome = Write(snapshot);
    lock.lock();
    writing_ = false;
    outcomes_.push_back(std::move(outcome));
    changed_.notify_all();
  }
}

WriteOutcome CheckpointWriter::Write(const Snapshot& snapshot) {
  const auto start = Clock::now();
  WriteOutcome outcome;
  outcome.step = snapshot.step;
  try {
    if (before_) before_();
    outcome.bytes = WriteCheckpoint(root_, snapshot);
    RemoveGivenUp();
  } catch (const std::exception& error) {
    outcome.error = error.what();
    LOG(ERROR) << "checkpoint of step " << snapshot.step << " was not written: " << error.what();
  }
  outcome.seconds = SecondsSince(start);
  return outcome;
}

// The new one is whole; what cannot be looked at now goes behind the next one.
void CheckpointWriter::RemoveGivenUp() const {
  try {
    for (const auto& entry : GivenUp(ListCheckpoints(root_), retention_)) RemoveCheckpoint(entry);
  } catch (const std::exception& error) {
    LOG(WARNING) << "older checkpoints are not removed now: " << error.what();
  }
}

}  // namespace helio::train
