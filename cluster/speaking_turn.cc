#include "cluster/speaking_turn.h"

#include <algorithm>
#include <ctime>

namespace helio::cluster {

double TurnInLine(int rank, double head_start, const Spread& spread) {
  return rank == 0 ? 0 : head_start + spread.seconds * std::min(rank, spread.ranks);
}

double TurnByKnowledge(int rank) { return kTurnSeconds * std::min(rank, 2); }

void LetLowerRanksSpeak(int rank, double head_start) {
  if (rank == 0) return;
  const double until = TurnInLine(rank, head_start);
  const auto whole = static_cast<time_t>(until);
  const timespec turn{whole, static_cast<long>((until - static_cast<double>(whole)) * 1e9)}, end{3, 0};
  // A signal: the launcher ends the job. What follows within seconds cannot be caught.
  if (nanosleep(&turn, nullptr) != 0) nanosleep(&end, nullptr);
}

}  // namespace helio::cluster
