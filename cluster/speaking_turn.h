#pragma once

// What all ranks find out alike is to be told once: who knows most speaks and ends the others.
namespace helio::cluster {

inline constexpr double kTurnSeconds = 3;  // that mpirun needs to end the others when one has spoken and left

// How ranks wait one behind the other: so many seconds more than the rank before, and from `ranks` on
// together.
struct Spread {
  double seconds = 0.02;
  int ranks = 50;
};

// Seconds that a rank waits for those below it: rank 0 none, the others `head_start` and by the spread. Pure.
double TurnInLine(int rank, double head_start = kTurnSeconds, const Spread& spread = {});

// Seconds, where rank 0 knows of everybody, rank 1 speaks if rank 0 is gone, then all the others at once.
// Pure.
double TurnByKnowledge(int rank);

// An error that all ranks meet (a flag, a missing file) is to be told once: call this before logging it. Rank
// 0 returns at once, logs and takes the job down; the others wait TurnInLine, and longer if the launcher is
// already ending them. Who failed alone returns and says why. mpirun needs about a second to end the others
// when a rank exits; MPI_Abort is faster.
void LetLowerRanksSpeak(int rank, double head_start = kTurnSeconds);

}  // namespace helio::cluster
