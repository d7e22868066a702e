#include "cluster/mpi_engine.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <system_error>

#include "cluster/device_error.h"
#include "cluster/gpus.h"
#include "cluster/speaking_turn.h"
#include "src/base/seconds.h"
#include "src/base/tensor.h"

namespace helio::cluster {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr int kLargeAtOnce = 2;  // large operations of one communicator in the network together
constexpr auto kEager = microseconds(1000);
constexpr auto kShortestNap = microseconds(20);
constexpr auto kLongestNap = microseconds(200);
constexpr auto kWatchInterval = milliseconds(20);
constexpr auto kAbortGrace = std::chrono::seconds(5);
constexpr auto kLockPatience = std::chrono::seconds(1);

// What a tag must stay below.
int TagLimit() {
  constexpr int kPlenty = 1 << 28;
  int* bound = nullptr;
  int found = 0;
  MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_TAG_UB, &bound, &found);
  return found ? std::min(*bound, kPlenty) : 32767;  // what the standard promises
}

}  // namespace

bool MpiOperation::Completed(std::vector<MPI_Request>& requests) {
  if (requests.empty()) return true;
  if (!AllComplete(requests)) return false;
  engine_->last_progress_ = Clock::now();
  return true;
}

void MpiOperation::Wait() {
  if (!Done()) engine_->WaitFor(*this);
}

MpiEngine::MpiEngine(const World& world, std::vector<std::string> hosts, std::shared_ptr<JobState> job,
                     double heartbeat_seconds)
    : world_(world),
      tags_(TagLimit()),
      job_(std::move(job)),
      heartbeat_(std::make_unique<Heartbeat>(heartbeat_seconds)),
      watchdog_(std::move(hosts), job_, heartbeat_->peers()),
      device_watch_(world.device,
                    [this] {
                      std::lock_guard lock(mutex_);
                      EndByException();
                    }),
      thread_([this] { Loop(); }) {}

MpiEngine::~MpiEngine() {
  device_watch_.Stop();
  stopping_ = true;
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void MpiEngine::Start(const std::shared_ptr<MpiOperation>& operation) {
  std::lock_guard lock(mutex_);
  operation->started_ = Clock::now();
  operation->deadline_ = operation->started_ + FromSeconds(job_->deadline_seconds());
  watchdog_.Record(operation->call_);
  // A large operation is left to the thread from its first byte on. Whoever starts a small one waits for it
  // at once, and drives it meanwhile.
  if (operation->large()) {
    active_.push_back(operation);
    wake_.notify_one();
    return;
  }
  bool complete = false;
  try {
    complete = Advance(*operation);
  } catch (...) {  // part of it may be under way, and what it writes to must not go
    EndByException();
  }
  if (complete)
    Finish(*operation);
  else
    active_.push_back(operation);
}

bool MpiEngine::Advance(MpiOperation& operation) {
  advancing_ = &operation;
  const bool complete = operation.Advance();
  advancing_ = nullptr;
  return complete;
}

void MpiEngine::Note(const Call& call) {
  std::lock_guard lock(mutex_);
  watchdog_.Record(call);
}

void MpiEngine::WaitFor(MpiOperation& operation) {
  ++helpers_;
  last_progress_ = Clock::now();
  while (!operation.Done()) {
    {
      std::lock_guard lock(mutex_);
      Poll();
    }
    if (!operation.Done()) Relax(Clock::now());
  }
  if (--helpers_ == 0) wake_.notify_one();
}

// While messages flow a driving thread only gives way, since the next fragment comes within microseconds.
// When nothing has come for a while it sleeps, the longer the longer it has waited, so that a rank waiting
// for a slow one does not take its core.
void MpiEngine::Relax(Clock::time_point now) const {
  const auto quiet = now - last_progress_.load();
  if (quiet < kEager)
    std::this_thread::yield();
  else
    std::this_thread::sleep_for(std::clamp<Clock::duration>(quiet / 20, kShortestNap, kLongestNap));
}

uint32_t MpiEngine::slots() {
  std::lock_guard lock(mutex_);
  return slots_;
}

int MpiEngine::ReserveSlot(const std::vector<uint32_t>& taken) {
  const int slot = TagSpace::FirstFree(taken);
  if (slot < 0)
    throw Error(ErrorKind::kCluster,
                "more than " + std::to_string(TagSpace::kSlots) + " communicators at once", "split", "");
  std::lock_guard lock(mutex_);
  slots_ |= uint32_t{1} << slot;
  return slot;
}

void MpiEngine::ReleaseSlot(int slot, int communicator_id) {
  std::lock_guard lock(mutex_);
  const auto uses = [&](const auto& operation) {
    return operation->call_.communicator_id == communicator_id;
  };
  if (std::none_of(active_.begin(), active_.end(), uses)) slots_ &= ~(uint32_t{1} << slot);
}

std::vector<char> MpiEngine::TakeStaging(size_t bytes) {
  std::vector<char> staging;
  if (!staging_.empty()) {
    staging = std::move(staging_.back());
    staging_.pop_back();
  }
  if (staging.size() < bytes) staging.resize(bytes);
  return staging;
}

void MpiEngine::Loop() {
  try {
    MakeCurrent(world_.device);
    prctl(PR_SET_TIMERSLACK, 1000);  // nanoseconds: the default adds 50 us to each short sleep
    Drive();
  } catch (...) {
    std::lock_guard lock(mutex_);
    EndByException();
  }
}

void MpiEngine::Drive() {
  while (!stopping_) {
    std::unique_lock lock(mutex_);
    if (helpers_ > 0 || active_.empty()) wake_.wait_for(lock, milliseconds(20));
    if (stopping_ || helpers_ > 0) continue;
    Poll();
    const bool idle = active_.empty();
    lock.unlock();
    if (!idle) Relax(Clock::now());
  }
}

void MpiEngine::Poll() {
  try {
    AdvanceOperations();
    if (const auto now = Clock::now(); now >= next_watch_) Watch(now);
  } catch (...) {
    EndByException();
  }
}

// Whatever it is - a sticky CUDA error, an allocation, one of MPI's -: said with rank, collective and step.
void MpiEngine::EndByException() {
  std::string where = "rank " + std::to_string(world_.rank) + " failed: ";
  where += advancing_ ? advancing_->Describe()
                      : "the engine at step " + std::to_string(job_->step) + " after " +
                            watchdog_.beat().last.data();
  try {
    throw;
  } catch (const Error& error) {
    End(where + ": " + error.what(), error.exit_code());
  } catch (const c10::Error& error) {
    End(where + ": " + FirstLine(error), kRequeueCode);
  } catch (const std::exception& error) {
    End(where + ": " + error.what(), kRequeueCode);
  } catch (...) {
    End(where + ": an exception of unknown type", kRequeueCode);
  }
}

void MpiEngine::AdvanceOperations() {
  large_.assign(next_communicator_id_, 0);
  for (auto it = active_.begin(); it != active_.end();) {
    auto& operation = **it;
    const bool held_back = operation.large() && large_[operation.call_.communicator_id]++ >= kLargeAtOnce;
    if (held_back || !Advance(operation)) {
      ++it;
      continue;
    }
    Finish(operation);
    it = active_.erase(it);
  }
}

void MpiEngine::Finish(MpiOperation& operation) {
  operation.finished_ = Clock::now();
  operation.done_.store(true, std::memory_order_release);
}

void MpiEngine::Watch(Clock::time_point now) {
  next_watch_ = now + kWatchInterval;
  watchdog_.UpdateBeat(now);
  for (const auto& operation : active_)
    operation->deadline_ = watchdog_.Extended(operation->started_, operation->deadline_, now);
  if (watchdog_.TakeNews()) heartbeat_->Hurry();
  heartbeat_->Exchange(watchdog_.beat(), now);
  CheckDriver();
  AskWatchdog(now);
}

void MpiEngine::AskWatchdog(Clock::time_point now) {
  std::vector<Waiting> waiting;
  for (const auto& operation : active_)
    waiting.push_back({&operation->call_, operation->started_, operation->deadline_});
  if (const auto verdict = watchdog_.Judge(now, waiting)) End(*verdict, kRequeueCode);
  if (const auto warning = watchdog_.Warning(now, waiting)) LOG(WARNING) << *warning;
}

void MpiEngine::CheckDriver() {
  const double stuck = device_watch_.StuckSeconds();
  if (stuck <= job_->deadline_seconds()) return;
  End("rank " + std::to_string(world_.rank) + " failed: the driver of its device has not answered for " +
          std::to_string(static_cast<int>(stuck)) + " s, after " + watchdog_.beat().last.data(),
      kRequeueCode);
}

void MpiEngine::ReportExpired(const Call& call) {
  std::lock_guard lock(mutex_);
  watchdog_.Expire(call, Clock::now());
}

void MpiEngine::End(const std::string& message, int exit_code) {
  LOG(ERROR) << message;
  google::FlushLogFiles(google::GLOG_INFO);
  // MPI_Abort needs the launcher; where the link to it is down, the process must end all the same.
  try {
    std::thread([exit_code] {
      std::this_thread::sleep_for(kAbortGrace);
      std::_Exit(exit_code);
    }).detach();
  } catch (const std::system_error&) {  // no thread is to be had
    alarm(static_cast<unsigned>(kAbortGrace.count()));
  }
  MPI_Abort(MPI_COMM_WORLD, exit_code);
  std::_Exit(exit_code);
}

// MPI_THREAD_SERIALIZED: nobody else may be in MPI. If the lock cannot be had, the launcher ends the others
// for this process' exit code.
void MpiEngine::Abort(std::string_view cause, int exit_code) noexcept {
  const auto message = "rank " + std::to_string(world_.rank) + " failed: " + std::string(cause);
  std::unique_lock lock(mutex_, std::defer_lock);
  for (const auto patience = Clock::now() + kLockPatience; !lock.try_lock();) {
    if (Clock::now() > patience) {
      LOG(ERROR) << message;
      google::FlushLogFiles(google::GLOG_INFO);
      std::_Exit(exit_code);
    }
    std::this_thread::sleep_for(milliseconds(1));
  }
  End(message, exit_code);
}

void MpiEngine::Stop() {
  const auto deadline = Clock::now() + FromSeconds(job_->deadline_seconds() + TurnByKnowledge(world_.rank));
  for (bool left = false; !left;) {
    {
      std::lock_guard lock(mutex_);
      heartbeat_->Leave();
      next_watch_ = {};
      Poll();
      left = heartbeat_->Left();
      if (!left && Clock::now() > deadline) End(watchdog_.StillHere(Clock::now()), kRequeueCode);
    }
    if (!left) std::this_thread::sleep_for(milliseconds(1));
  }
  device_watch_.Stop();
  stopping_ = true;
  wake_.notify_all();
  thread_.join();
}

}  // namespace helio::cluster
