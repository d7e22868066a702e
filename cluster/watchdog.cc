#include "cluster/watchdog.h"

#include <algorithm>

#include "cluster/speaking_turn.h"
#include "src/base/seconds.h"
#include "src/base/text_list.h"

namespace helio::cluster {
namespace {

constexpr double kWarnAfter = 0.2;  // of the deadline
// Two heartbeats: rank 0 then knows where everybody is.
constexpr auto kKnowingEverybody = std::chrono::milliseconds(1000);
constexpr Spread kVerdictSpread{.seconds = 0.1, .ranks = 20};

// From when a rank has seen a call of its own expire until it says so: the others one behind the other.
Clock::duration VerdictGrace(int rank) {
  return rank == 0 ? kKnowingEverybody : FromSeconds(TurnInLine(rank, kTurnSeconds, kVerdictSpread));
}

}  // namespace

Watchdog::Watchdog(std::vector<std::string> hosts, std::shared_ptr<const JobState> job, const Peers& peers)
    : hosts_(std::move(hosts)), job_(std::move(job)), peers_(peers) {}

void Watchdog::Record(const Call& call) {
  SetText(own_.last, call.Describe());
  if (call.communicator_id < Beat::kCommunicators) own_.sequences[call.communicator_id] = call.sequence;
}

void Watchdog::UpdateBeat(Clock::time_point now) {
  own_.step = job_->step;
  bool others = false;
  for (int rank = 0; rank < peers_.size(); ++rank)
    others |= rank != peers_.own_rank && peers_.Knows(rank) && peers_[rank].beat.own_work &&
              !peers_.Silent(rank, now);
  others_work_ = others;
  const int32_t before = own_.own_work;
  // Rank 0 passes on what it has heard; the others speak for themselves, or a word would go round for ever.
  own_.own_work = job_->own_work > 0 || (peers_.own_rank == 0 && others);
  news_ |= own_.own_work != before;
}

Clock::time_point Watchdog::Extended(Clock::time_point started, Clock::time_point deadline,
                                     Clock::time_point now) const {
  if (!others_work_) return deadline;
  const auto anew = now + FromSeconds(job_->deadlines.seconds);
  return std::max(deadline, std::min(anew, started + FromSeconds(job_->deadlines.first_seconds)));
}

void Watchdog::Expire(const Call& call, Clock::time_point now) {
  if (verdict_due_) return;
  expired_ = call.Describe() + " on rank " + std::to_string(peers_.own_rank);
  own_.expired_communicator = call.communicator_id;
  own_.expired_sequence = call.sequence;
  SetText(own_.expired, call.Describe());
  news_ = true;
  verdict_due_ = now + VerdictGrace(peers_.own_rank);
}

std::optional<std::string> Watchdog::Judge(Clock::time_point now, std::span<const Waiting> oldest_first) {
  const auto late =
      std::ranges::find_if(oldest_first, [now](const Waiting& call) { return now > call.deadline; });
  if (late != oldest_first.end()) Expire(*late->call, now);
  if (peers_.own_rank == 0) HearOfExpired(now);
  if (!verdict_due_ || now < *verdict_due_) return std::nullopt;
  return Verdict(now);
}

// What another rank waits for in vain is what rank 0 then judges.
void Watchdog::HearOfExpired(Clock::time_point now) {
  for (int rank = 1; rank < peers_.size() && !verdict_due_; ++rank) {
    const auto& beat = peers_[rank].beat;
    if (!beat.HasExpired()) continue;
    own_.expired_communicator = beat.expired_communicator;
    own_.expired_sequence = beat.expired_sequence;
    expired_ = std::string(beat.expired.data()) + " on rank " + std::to_string(rank);
    verdict_due_ = now + kKnowingEverybody;
  }
}

std::optional<std::string> Watchdog::Warning(Clock::time_point now, std::span<const Waiting> oldest_first) {
  const bool speaker = peers_.own_rank == 0 || (peers_.own_rank == 1 && peers_.Silent(0, now));
  if (!speaker || oldest_first.empty() || verdict_due_) return std::nullopt;
  const auto& oldest = oldest_first.front();
  const double waited = Seconds(now - oldest.started);
  if (oldest.started == warned_of_ || waited < job_->deadline_seconds() * kWarnAfter) return std::nullopt;
  const auto late = BehindOrSilent(oldest.call->communicator_id, oldest.call->sequence, now);
  if (late.empty()) return std::nullopt;
  warned_of_ = oldest.started;
  return oldest.call->Describe() + " has waited " + std::to_string(static_cast<int>(waited)) + " s of " +
         DeadlineText() + " for " + late;
}

// Ranks that have not made that call, or have not been heard of: as far as this rank can know.
std::string Watchdog::BehindOrSilent(int communicator_id, uint64_t sequence, Clock::time_point now) const {
  std::string absent;
  for (int rank = 0; rank < peers_.size(); ++rank) {
    if (rank == peers_.own_rank || !peers_.Knows(rank)) continue;
    const bool behind =
        communicator_id < Beat::kCommunicators && peers_[rank].beat.sequences[communicator_id] < sequence;
    if (behind || peers_.Silent(rank, now)) AddToList(absent, Described(rank, now));
  }
  return absent;
}

std::string Watchdog::Verdict(Clock::time_point now) const {
  const auto own = std::to_string(peers_.own_rank);
  auto absent = BehindOrSilent(own_.expired_communicator, own_.expired_sequence, now);
  if (absent.empty() && own_.expired_communicator < Beat::kCommunicators &&
      own_.sequences[own_.expired_communicator] < own_.expired_sequence)
    absent = "rank " + own + " on " + hosts_[peers_.own_rank] +
             " (busy elsewhere; latest call: " + own_.last.data() + ")";
  if (absent.empty()) absent = "no rank, as far as rank " + own + " knows: a link is down or too slow";
  return expired_ + " passed its deadline of " + DeadlineText() + "; missing: " + absent;
}

std::string Watchdog::StillHere(Clock::time_point now) const {
  std::string absent;
  for (int rank = 0; rank < peers_.size(); ++rank)
    if (rank != peers_.own_rank && peers_.Knows(rank) && !peers_[rank].left)
      AddToList(absent, Described(rank, now));
  return "the end of the job on rank " + std::to_string(peers_.own_rank) + " passed its deadline of " +
         DeadlineText() + "; missing: " + absent;
}

std::string Watchdog::Described(int rank, Clock::time_point now) const {
  return DescribeAbsent(rank, hosts_[rank], peers_[rank], now, peers_.silent_after_seconds);
}

std::string Watchdog::DeadlineText() const {
  return std::to_string(static_cast<int64_t>(job_->deadline_seconds())) + " s";
}

}  // namespace helio::cluster
