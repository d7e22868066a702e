#pragma once
#include <vector>

#include "cluster/beat.h"
#include "cluster/mpi_support.h"

namespace helio::cluster {

// Every rank tells rank 0 where it is, and rank 0 tells every rank, each interval, on tag 0 of
// MPI_COMM_WORLD. Not thread-safe: the engine calls it.
class Heartbeat {
 public:
  // MPI is initialised. A rank counts as silent after several intervals.
  explicit Heartbeat(double interval_seconds);
  // Receives the beats that have arrived, and sends `own` once an interval. Does not block. Throws
  // Error{kCluster}.
  void Exchange(const Beat& own, Clock::time_point now);
  // Sends `own` at the next Exchange, whatever the time.
  void Hurry() { next_send_ = {}; }
  // The next Exchange sends a last beat to everybody.
  void Leave() { leaving_ = true; }
  // True once every partner's last beat is here and ours is sent: no message is under way any more.
  bool Left();

  const Peers& peers() const { return peers_; }

 private:
  void Receive(Clock::time_point now);
  void Expect(size_t partner);
  void Send(const Beat& own);

  double interval_seconds_;
  bool leaving_ = false;
  std::vector<int> partners_;
  Peers peers_;
  std::vector<Beat> inbox_, outbox_;  // by partner
  std::vector<MPI_Request> receives_, sends_;
  std::vector<bool> said_goodbye_;  // by partner
  Clock::time_point next_send_ = {};
};

}  // namespace helio::cluster
