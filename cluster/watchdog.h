#pragma once
#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cluster/beat.h"
#include "cluster/communicator.h"

namespace helio::cluster {

// A call that waits for other ranks.
struct Waiting {
  const Call* call;
  Clock::time_point started, deadline;
};

// Judges from calls that wait, and from what ranks tell each other in beats, whether the job hangs and who is
// missing. It only says so: to send beats, to log and to end the job is up to who asks it (mpi_engine.h). A
// rank whose call is late does not speak at once: rank 0 waits until it has heard where everybody is, the
// others until rank 0, which knows more, has had its say. Local; not thread-safe, but for Extended.
class Watchdog {
 public:
  // `hosts`: every rank's host name. `peers` is what this rank hears, and outlives the watchdog.
  Watchdog(std::vector<std::string> hosts, std::shared_ptr<const JobState> job, const Peers& peers);

  // The latest call of this rank.
  void Record(const Call& call);

  // Brings beat() up to date, before it is sent.
  void UpdateBeat(Clock::time_point now);
  // What to tell the others.
  const Beat& beat() const { return own_; }
  // True if beat() has had news since the last time that must not wait for the next heartbeat.
  bool TakeNews() { return std::exchange(news_, false); }

  // When a call that began at `started` and had until `deadline` is late, now that some ranks may be at
  // OwnWork. Thread-safe.
  Clock::time_point Extended(Clock::time_point started, Clock::time_point deadline,
                             Clock::time_point now) const;

  // Notes that `call` has passed its deadline. Only the first such call counts.
  void Expire(const Call& call, Clock::time_point now);
  // Why the job must end now, if it must.
  std::optional<std::string> Judge(Clock::time_point now, std::span<const Waiting> oldest_first);
  // Long before the deadline, once a call: whom the oldest one waits for. Rank 0 tells, and rank 1 does where
  // rank 0 is gone.
  std::optional<std::string> Warning(Clock::time_point now, std::span<const Waiting> oldest_first);
  // Names the ranks that have not left, when the ranks cannot stop together.
  std::string StillHere(Clock::time_point now) const;

 private:
  void HearOfExpired(Clock::time_point now);
  std::string Verdict(Clock::time_point now) const;
  std::string BehindOrSilent(int communicator_id, uint64_t sequence, Clock::time_point now) const;
  std::string Described(int rank, Clock::time_point now) const;
  std::string DeadlineText() const;

  std::vector<std::string> hosts_;
  std::shared_ptr<const JobState> job_;
  const Peers& peers_;
  Beat own_;
  bool news_ = false;
  std::atomic<bool> others_work_ = false;  // at OwnWork, as far as is known
  // Since a call expired; rank 0 has until then to end the job.
  std::optional<Clock::time_point> verdict_due_;
  std::string expired_;
  Clock::time_point warned_of_ = {};  // when the call began that was last warned of
};

}  // namespace helio::cluster
