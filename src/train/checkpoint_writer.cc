#include "src/train/checkpoint_writer.h"

namespace helio::train {
namespace fs = std::filesystem;
namespace {

double ScoreOf(const CheckpointEntry& entry) {
  try {
    const Json manifest = ReadJson(entry.path / "manifest.json");
    return manifest.at("info").value("score", -INFINITY);
  } catch (const std::exception&) {
    return -INFINITY;
  }
}

uint64_t BytesOf(const fs::path& folder) {
  uint64_t bytes = 0;
  for (const auto& file : fs::directory_iterator(folder)) bytes += file.file_size();
  return bytes;
}

}  // namespace

CheckpointWriter::CheckpointWriter(fs::path root, Retention retention)
    : root_(std::move(root)), retention_(retention), thread_([this] { Run(); }) {}

CheckpointWriter::~CheckpointWriter() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void CheckpointWriter::Save(Snapshot snapshot) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !pending_ && !writing_; });
  pending_ = std::move(snapshot);
  changed_.notify_all();
}

void CheckpointWriter::Flush() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !pending_ && !writing_; });
}

std::optional<WriteOutcome> CheckpointWriter::TakeOutcome() {
  const std::lock_guard lock(mutex_);
  return std::exchange(outcome_, std::nullopt);
}

void CheckpointWriter::Run() {
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
    outcome_ = std::move(outcome);
    changed_.notify_all();
  }
}

WriteOutcome CheckpointWriter::Write(const Snapshot& snapshot) {
  const auto start = std::chrono::steady_clock::now();
  WriteOutcome outcome;
  outcome.step = snapshot.step;
  try {
    const auto entry = WriteCheckpoint(root_, snapshot);
    outcome.bytes = BytesOf(entry.path);
    RemoveOld();
  } catch (const std::exception& error) {
    outcome.error = error.what();
    LOG(ERROR) << "checkpoint of step " << snapshot.step << " was not written: " << error.what();
  }
  outcome.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return outcome;
}

void CheckpointWriter::RemoveOld() {
  auto entries = ListCheckpoints(root_);
  const auto best = std::max_element(entries.begin(), entries.end(),
                                     [](const auto& a, const auto& b) { return ScoreOf(a) < ScoreOf(b); });
  for (size_t i = 0; i < entries.size(); ++i) {
    const bool recent = static_cast<int>(i) < retention_.keep_last;
    const bool milestone = retention_.keep_every > 0 && entries[i].step % retention_.keep_every == 0;
    if (recent || milestone || entries.begin() + static_cast<int64_t>(i) == best) continue;
    std::error_code ignored;
    // Without its manifest a folder is no checkpoint: remove that first, so that an interrupted removal
    // leaves nothing half.
    fs::remove(entries[i].path / "manifest.json", ignored);
    fs::remove_all(entries[i].path, ignored);
  }
}

}  // namespace helio::train
