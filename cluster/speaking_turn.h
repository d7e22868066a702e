#pragma once

// An error that all ranks meet is to be reported once: the rank that knows most reports it and ends the
// others.
namespace helio::cluster {

inline constexpr double kTurnSeconds =
    3;  // within which mpirun ends the others once one has reported and left

// How ranks wait one after the other: each `seconds` longer than the rank below it; from rank `ranks` on all
// equally long.
struct Spread {
  double seconds = 0.02;
  int ranks = 50;
};

// Seconds that a rank waits for those below it: rank 0 none, the others `head_start` and what the spread
// adds. Pure.
double TurnInLine(int rank, double head_start = kTurnSeconds, const Spread& spread = {});

// The same where rank 0 knows about everybody: rank 1 speaks if rank 0 is gone, then all the others at once.
// Pure.
double TurnByKnowledge(int rank);

// An error that all ranks meet (a flag, a missing file) is to be told once: call this before logging it. Rank
// 0 returns at once, logs and takes the job down; the others wait TurnInLine, and longer if the launcher is
// already ending them. A rank that failed alone returns after its wait and logs its own error. mpirun needs
// about a second to end the others when a rank exits; MPI_Abort is faster.
void LetLowerRanksSpeak(int rank, double head_start = kTurnSeconds);

}  // namespace helio::cluster
