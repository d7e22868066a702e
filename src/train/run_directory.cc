#include "src/train/run_directory.h"

#include <fcntl.h>
#include <unistd.h>

#include "src/base/log.h"

namespace helio::train {
namespace fs = std::filesystem;
namespace {

constexpr char kRemedy[] = "wait for it, or choose another --out";

// The step that a line of the record belongs to; 0, which always stays, for lines that others have written.
int64_t StepOf(const Json& line) {
  const auto step = line.find("step");
  return step != line.end() && step->is_number() ? step->get<int64_t>() : 0;
}

}  // namespace

RunDirectory::RunDirectory(fs::path path) : path_(std::move(path)), lock_(path_, kRemedy) {}

RunDirectory::~RunDirectory() {
  if (metrics_ >= 0) ::close(metrics_);
}

bool RunDirectory::MakeAgainIfRemoved() {
  if (lock_.IsHeld()) return false;
  lock_.TakeAgain(kRemedy, /*patience=*/0);
  LOG(ERROR) << path_.string()
             << ": it, or its .lock, was removed under the run; made again, without what was in it";
  return true;
}

void RunDirectory::RewindMetrics(int64_t step, bool unjudged) {
  const auto path = MetricsFile(path_);
  if (!fs::exists(path)) return;
  std::istringstream lines(ReadFile(path) + pending_);
  std::string kept;
  for (std::string line; std::getline(lines, line);) {
    const Json parsed = Json::parse(line, nullptr, false);  // a torn last line is dropped
    if (!parsed.is_object() || StepOf(parsed) > step) continue;
    if (unjudged && parsed.contains("scores") && StepOf(parsed) == step) continue;
    kept += line + "\n";
  }
  if (metrics_ >= 0) ::close(std::exchange(metrics_, -1));
  pending_.clear();
  WriteFileAtomically(path, kept);
}

void RunDirectory::SetAsideRecord() {
  if (metrics_ >= 0) ::close(std::exchange(metrics_, -1));
  pending_.clear();
  for (const auto& path : {MetricsFile(path_), SamplesOf(path_)}) {
    if (!Exists(path)) continue;
    const auto place = FreeName(SetAsideFolder(path_), path.filename().string());
    Rename(path, place);
    LOG(WARNING) << path.string() << " is of another run: moved to " << place.string();
  }
}

void RunDirectory::AppendMetrics(const Json& line) {
  pending_ += JsonText(line) + "\n";
  const bool written = WritePending();
  if (!written && !failing_)
    LOG(ERROR) << MetricsFile(path_) << ": cannot be written (" << std::strerror(errno)
               << "); its lines wait in memory";
  if (written && failing_) LOG(INFO) << MetricsFile(path_) << ": can be written again";
  failing_ = !written;
}

void RunDirectory::SyncMetrics() const {
  const auto path = MetricsFile(path_);
  if (!fs::exists(path)) return;
  SyncFile(path);
  SyncDirectory(path_);
}

// All of it or nothing: half a line at the end is cut off again.
bool RunDirectory::WritePending() {
  if (metrics_ >= 0 && !NamesFile(MetricsFile(path_), metrics_)) ::close(std::exchange(metrics_, -1));
  if (metrics_ < 0)
    metrics_ = ::open(MetricsFile(path_).c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (metrics_ < 0) return false;
  const off_t end = ::lseek(metrics_, 0, SEEK_END);
  if (::write(metrics_, pending_.data(), pending_.size()) == static_cast<ssize_t>(pending_.size())) {
    pending_.clear();
    return true;
  }
  const int reason = errno;
  if (::ftruncate(metrics_, end) != 0) LOG(ERROR) << path_ << ": cannot cut metrics.jsonl";
  errno = reason;
  return false;
}

}  // namespace helio::train
