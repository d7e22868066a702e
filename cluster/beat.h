#pragma once
#include <array>
#include <bit>
#include <string>
#include <vector>

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

// Cut to what fits; ends with 0.
void SetText(std::array<char, 96>& target, const std::string& text);

// What is known of another rank.
struct Peer {
  Beat beat;
  Clock::time_point heard;
  bool left = false;  // in order
};

// What a rank hears of the others: rank 0 of all, the others of rank 0. Plain data.
struct Peers {
  int own_rank = 0;
  double silent_after_seconds = 0;
  std::vector<Peer> by_rank;

  int size() const { return static_cast<int>(by_rank.size()); }
  const Peer& operator[](int rank) const { return by_rank[static_cast<size_t>(rank)]; }
  bool Knows(int rank) const { return own_rank == 0 || rank == 0 || rank == own_rank; }
  // Nothing came of another rank for too long, and it has not left. False of ranks that this one does not
  // hear.
  bool Silent(int rank, Clock::time_point now) const;
};

// A rank that did not take part, for the message: pure.
std::string DescribeAbsent(int rank, const std::string& host, const Peer& peer, Clock::time_point now,
                           double silent_after_seconds);

}  // namespace helio::cluster
