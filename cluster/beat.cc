#include "cluster/beat.h"

#include <algorithm>
#include <cstring>
#include <iomanip>
#include <sstream>

#include "src/base/seconds.h"

namespace helio::cluster {

void SetText(std::array<char, 96>& target, const std::string& text) {
  target.fill(0);
  std::memcpy(target.data(), text.data(), std::min(text.size(), target.size() - 1));
}

bool Peers::Silent(int rank, Clock::time_point now) const {
  const auto& peer = (*this)[rank];
  return Knows(rank) && rank != own_rank && !peer.left && Seconds(now - peer.heard) > silent_after_seconds;
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

}  // namespace helio::cluster
