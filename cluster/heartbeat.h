#pragma once
#include <array>
#include <bit>
#include <string>
#include <vector>

#include "cluster/mpi_support.h"
#include "cluster/pending.h"

namespace helio::cluster {

static_assert(std::endian::native == std::endian::little,
              "ranks speak in the bytes of their memory, which is this everywhere");

// Where a rank is, as it tells the others. Plain bytes on the wire.
struct Beat {
  static constexpr int kCommunicators = 32;  // of later ones nobody can say who lags
  int64_t step = -1;
  std::array<uint64_t, kCommunicators> sequences = {};  // per communicator: its latest call
  std::array<char, 96> last = {};                       // its latest call, in words
  std::array<char, 96> expired = {};                    // its call that passed the deadline, if any
  int32_t expired_communicator = -1;
  uint64_t expired_sequence = 0;
  int32_t leaving = 0;   // 1: its last one
  int32_t own_work = 0;  // 1: the sender, or a rank that it has heard of, is at OwnWork

  bool HasExpired() const { return expired_communicator >= 0; }
};

void SetText(std::array<char, 96>& target, const std::string& text);

// What is known of another rank.
struct Peer {
  Beat beat;
  Clock::time_point heard;
  bool left = false;  // in order
};

// A rank that did not take part, for the message: pure.
std::string DescribeAbsent(int rank, const std::string& host, const Peer& peer, Clock::time_point now,
                           double silent_after_seconds);

// Every rank tells rank 0 where it is, and rank 0 tells every rank, each interval, on tag 0 of
// MPI_COMM_WORLD. Not thread-safe: the engine calls it.
class Heartbeat {
 public:
  explicit Heartbeat(double interval_seconds);
  void Exchange(const Beat& own, Clock::time_point now);
  // Sends `own` at the next Exchange, whatever the time.
  void Hurry() { next_send_ = {}; }
  // The next Exchange sends a last beat to everybody.
  void Leave() { leaving_ = true; }
  // True once every partner's last beat is here and ours is sent: no message is under way any more.
  bool Left();

  const std::vector<Peer>& peers() const { return peers_; }
  bool Silent(int rank, Clock::time_point now) const;
  bool Knows(int rank) const { return rank_ == 0 || rank == 0 || rank == rank_; }
  double silent_after_seconds() const { return 6 * interval_seconds_; }

 private:
  void Receive(Clock::time_point now);
  void Expect(size_t partner);
  void Send(const Beat& own);

  double interval_seconds_;
  int rank_ = 0, size_ = 1;
  bool leaving_ = false;
  std::vector<int> partners_;
  std::vector<Peer> peers_;           // by rank
  std::vector<Beat> inbox_, outbox_;  // by partner
  std::vector<MPI_Request> receives_, sends_;
  std::vector<bool> said_goodbye_;  // by partner
  Clock::time_point next_send_ = {};
};

}  // namespace helio::cluster
