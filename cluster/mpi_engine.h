#pragma once
#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <thread>

#include "cluster/communicator.h"
#include "cluster/device_watch.h"
#include "cluster/heartbeat.h"
#include "cluster/mpi_support.h"
#include "cluster/tag_space.h"
#include "cluster/watchdog.h"

namespace helio::cluster {

class MpiEngine;

// A collective as a state machine that the engine drives.
class MpiOperation : public Operation {
 public:
  MpiOperation(std::shared_ptr<MpiEngine> engine, Call call)
      : engine_(std::move(engine)), call_(std::move(call)) {}

  void Wait() override;
  bool Done() override { return done_.load(std::memory_order_acquire); }
  Interval under_way() const override { return {Moment::At(started_), Moment::At(finished_)}; }

  std::string Describe() const { return call_.Describe(); }
  // Large operations of one communicator go through the network a few at a time, in order.
  virtual bool large() const { return false; }

  // Posts the first messages, then makes what progress there is; true once complete. Only the engine calls
  // it, under its lock; until it does, nothing has been posted.
  virtual bool Advance() = 0;

 protected:
  // True if every request has completed (they are cleared). Counts as progress of the engine.
  bool Completed(std::vector<MPI_Request>& requests);
  MpiEngine& engine() { return *engine_; }

 private:
  friend class MpiEngine;
  std::shared_ptr<MpiEngine> engine_;
  Call call_;
  Clock::time_point started_, finished_, deadline_;
  std::atomic<bool> done_ = false;
};

// The one place that calls MPI once ranks are up: a thread that drives all operations of all communicators,
// so that they progress while the others compute. A thread that waits takes over the driving itself, so a
// small message costs no thread switch. It also exchanges heartbeats with rank 0 (and rank 0 with all), and
// ends the job when its watchdog says so or a rank fails. An exception on its thread, or inside an operation
// on any, ends the job as well. Nothing here blocks in MPI. Thread-safe.
class MpiEngine : public std::enable_shared_from_this<MpiEngine> {
 public:
  // `hosts`: every rank's host name.
  MpiEngine(const World& world, std::vector<std::string> hosts, std::shared_ptr<JobState> job,
            double heartbeat_seconds);
  ~MpiEngine();
  MpiEngine(const MpiEngine&) = delete;
  MpiEngine& operator=(const MpiEngine&) = delete;

  // A large one is left to the thread; of a small one the first messages are posted before this returns. The
  // operation's deadline counts from here.
  void Start(const std::shared_ptr<MpiOperation>& operation);
  // Blocks until done, driving MPI meanwhile. Does not return if the job fails: the process ends.
  void WaitFor(MpiOperation& operation);

  // Tags are below the library's own bound (UCX: 2^23).
  const TagSpace& tags() const { return tags_; }
  // Bit s: slot s of tags() has a communicator on this rank.
  uint32_t slots();
  // Reserves the lowest slot that none of a new communicator's ranks uses (`taken`: their slots()). Throws
  // Error{kCluster} if there is none.
  int ReserveSlot(const std::vector<uint32_t>& taken);
  // Gives a slot back, unless an operation of that communicator is still under way. Local.
  void ReleaseSlot(int slot, int communicator_id);
  // The next communicator's number, the same on all ranks as long as they create them in one order.
  int NextCommunicatorId() { return next_communicator_id_++; }
  // For operations that other transports drive: says where this rank is, and that one is late.
  void Note(const Call& call);
  void ReportExpired(const Call& call);
  // When a collective that began at `started` and had until `deadline` is late, now that some ranks may be at
  // OwnWork.
  Clock::time_point Extended(Clock::time_point started, Clock::time_point deadline) const {
    return watchdog_.Extended(started, deadline, Clock::now());
  }
  // Called every few milliseconds until it returns false, in a thread of its own: other transports' checks
  // may block in a device's driver. If one is stuck for longer than a deadline, the job ends.
  void AddWatch(std::function<bool()> watch) { device_watch_.Add(std::move(watch)); }

  // Logs that this rank failed and ends the job on all ranks. Does not return. From any thread.
  [[noreturn]] void Abort(std::string_view cause, int exit_code) noexcept;

  // All ranks stop together, orderly, within the deadline. Collective.
  void Stop();

  // Memory for arriving messages, used again and again: fresh pages would cost more than the transfer. Under
  // the lock, so for operations only.
  std::vector<char> TakeStaging(size_t bytes);
  void ReturnStaging(std::vector<char> staging) { staging_.push_back(std::move(staging)); }

 private:
  friend class MpiOperation;
  void Loop();
  void Drive();
  void Poll();
  bool Advance(MpiOperation& operation);
  // What follows is called under the lock.
  [[noreturn]] void End(const std::string& message, int exit_code);
  [[noreturn]] void EndByException();
  void CheckDriver();
  void AdvanceOperations();
  static void Finish(MpiOperation& operation);
  void Relax(Clock::time_point now) const;
  void Watch(Clock::time_point now);
  void AskWatchdog(Clock::time_point now);

  World world_;
  TagSpace tags_;
  std::shared_ptr<JobState> job_;
  std::mutex mutex_;  // guards MPI and all below
  std::condition_variable wake_;
  std::list<std::shared_ptr<MpiOperation>> active_;
  const MpiOperation* advancing_ = nullptr;  // for the message, if it throws
  uint32_t slots_ = 0;
  std::vector<std::vector<char>> staging_;  // idle
  std::vector<int> large_;                  // per communicator: large operations met in this sweep
  std::unique_ptr<Heartbeat> heartbeat_;
  Watchdog watchdog_;
  std::atomic<Clock::time_point> last_progress_;  // when a message was last seen to have arrived
  Clock::time_point next_watch_;
  std::atomic<int> helpers_ = 0;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> next_communicator_id_ = 0;
  DeviceWatch device_watch_;
  std::thread thread_;
};

}  // namespace helio::cluster
