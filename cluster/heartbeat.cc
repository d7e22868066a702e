#include "cluster/heartbeat.h"

#include <algorithm>
#include <cstring>
#include <iomanip>
#include <sstream>

#include "src/base/seconds.h"

namespace helio::cluster {
namespace {

constexpr int kBeatTag = 0;  // communicators' are above

}  // namespace

void SetText(std::array<char, 96>& target, const std::string& text) {
  target.fill(0);
  std::memcpy(target.data(), text.data(), std::min(text.size(), target.size() - 1));
}

std::string DescribeAbsent(int rank, const std::string& host, const Peer& peer, Clock::time_point now,
                           double silent_after_seconds) {
  std::ostringstream text;
  const double silence = Seconds(now - peer.heard);
  text << "rank " << rank << " on " << host << " (" << std::fixed << std::setprecision(1);
  if (silence > silent_after_seconds)
    text << "silent for " << silence << " s: stopped, dead or unreachable; last heard of ";
  else
    text << "alive, but busy elsewhere; ";
  if (peer.beat.step >= 0) text << "at step " << peer.beat.step << ", ";
  text << (peer.beat.last[0] ? "after its call of " : "before its first call") << peer.beat.last.data()
       << ")";
  return text.str();
}

Heartbeat::Heartbeat(double interval_seconds) : interval_seconds_(interval_seconds) {
  MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
  MPI_Comm_size(MPI_COMM_WORLD, &size_);
  for (int rank = 0; rank < size_; ++rank)
    if (rank != rank_ && (rank_ == 0 || rank == 0)) partners_.push_back(rank);
  peers_.resize(size_);
  for (auto& peer : peers_) peer.heard = Clock::now();
  inbox_.resize(partners_.size());
  outbox_.resize(partners_.size());
  sends_.assign(partners_.size(), MPI_REQUEST_NULL);
  receives_.assign(partners_.size(), MPI_REQUEST_NULL);
  said_goodbye_.assign(partners_.size(), false);
  for (size_t i = 0; i < partners_.size(); ++i) Expect(i);
}

void Heartbeat::Expect(size_t i) {
  CheckMpi(
      MPI_Irecv(&inbox_[i], sizeof(Beat), MPI_BYTE, partners_[i], kBeatTag, MPI_COMM_WORLD, &receives_[i]),
      "heartbeat");
}

void Heartbeat::Exchange(const Beat& own, Clock::time_point now) {
  Receive(now);
  if (!leaving_ && now < next_send_) return;
  next_send_ = now + FromSeconds(interval_seconds_);
  Send(own);
}

void Heartbeat::Receive(Clock::time_point now) {
  for (size_t i = 0; i < partners_.size(); ++i) {
    auto& peer = peers_[partners_[i]];
    while (!peer.left) {
      int done = 0;
      CheckMpi(MPI_Test(&receives_[i], &done, MPI_STATUS_IGNORE), "heartbeat");
      if (!done) break;
      peer = {inbox_[i], now, inbox_[i].leaving != 0};
      if (!peer.left) Expect(i);
    }
  }
}

void Heartbeat::Send(const Beat& own) {
  for (size_t i = 0; i < partners_.size(); ++i) {
    int done = 0;
    CheckMpi(MPI_Test(&sends_[i], &done, MPI_STATUS_IGNORE), "heartbeat");
    if (!done || said_goodbye_[i]) continue;  // the partner does not take them: nothing piles up
    outbox_[i] = own;
    outbox_[i].leaving = leaving_;
    CheckMpi(
        MPI_Isend(&outbox_[i], sizeof(Beat), MPI_BYTE, partners_[i], kBeatTag, MPI_COMM_WORLD, &sends_[i]),
        "heartbeat");
    said_goodbye_[i] = leaving_;
  }
}

bool Heartbeat::Left() {
  for (size_t i = 0; i < partners_.size(); ++i) {
    int sent = 0;
    CheckMpi(MPI_Test(&sends_[i], &sent, MPI_STATUS_IGNORE), "heartbeat");
    if (!sent || !said_goodbye_[i] || !peers_[partners_[i]].left) return false;
  }
  return true;
}

bool Heartbeat::Silent(int rank, Clock::time_point now) const {
  return Knows(rank) && rank != rank_ && !peers_[rank].left &&
         Seconds(now - peers_[rank].heard) > silent_after_seconds();
}

}  // namespace helio::cluster
