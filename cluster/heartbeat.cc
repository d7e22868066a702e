#include "cluster/heartbeat.h"

#include "src/base/seconds.h"

namespace helio::cluster {
namespace {

constexpr int kBeatTag = 0;      // communicators' are above
constexpr int kSilentAfter = 6;  // intervals

}  // namespace

Heartbeat::Heartbeat(double interval_seconds) : interval_seconds_(interval_seconds) {
  int own = 0, size = 1;
  MPI_Comm_rank(MPI_COMM_WORLD, &own);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  for (int rank = 0; rank < size; ++rank)
    if (rank != own && (own == 0 || rank == 0)) partners_.push_back(rank);
  peers_ = {own, kSilentAfter * interval_seconds,
            std::vector<Peer>(static_cast<size_t>(size), Peer{{}, Clock::now()})};
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
    auto& peer = peers_.by_rank[partners_[i]];
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
    if (!done || said_goodbye_[i]) continue;  // the partner does not receive: messages must not pile up
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

}  // namespace helio::cluster
