#include "cluster/roll_call.h"

#include <chrono>
#include <string>
#include <thread>

#include "cluster/mpi_support.h"
#include "cluster/pending.h"
#include "cluster/speaking_turn.h"
#include "src/base/seconds.h"
#include "src/base/text_list.h"

namespace helio::cluster {
namespace {

constexpr int kRollCallTag = 0;  // heartbeats come later

Clock::time_point After(double seconds) { return Clock::now() + FromSeconds(seconds); }

// The requests that are not complete by `deadline`, by index.
std::vector<size_t> Unfinished(std::vector<MPI_Request>& requests, Clock::time_point deadline) {
  while (true) {
    std::vector<size_t> open;
    for (size_t i = 0; i < requests.size(); ++i) {
      int done = 0;
      CheckMpi(MPI_Test(&requests[i], &done, MPI_STATUS_IGNORE), "start-up");
      if (!done) open.push_back(i);
    }
    if (open.empty() || Clock::now() > deadline) return open;
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
}

// `requests`: by rank.
void Complete(std::vector<MPI_Request>& requests, Clock::time_point deadline, double seconds) {
  std::string missing;
  for (const size_t rank : Unfinished(requests, deadline)) AddToList(missing, std::to_string(rank));
  if (missing.empty()) return;
  throw Error(ErrorKind::kCluster,
              "start-up passed its deadline of " + std::to_string(static_cast<int64_t>(seconds)) +
                  " s; missing: rank " + missing + " (not heard of since MPI_Init)",
              "start-up", "is that process stopped, or its host unreachable?");
}

// Rank 0: gathers `bytes` of each rank and sends all of them to each.
std::vector<char> CallTheRoll(const void* own, size_t bytes, size_t ranks, double seconds) {
  std::vector<char> all(bytes * ranks);
  std::memcpy(all.data(), own, bytes);
  std::vector<MPI_Request> requests(ranks, MPI_REQUEST_NULL);
  const auto deadline = After(seconds);
  for (size_t peer = 1; peer < ranks; ++peer)
    CheckMpi(MPI_Irecv(all.data() + bytes * peer, static_cast<int>(bytes), MPI_BYTE, static_cast<int>(peer),
                       kRollCallTag, MPI_COMM_WORLD, &requests[peer]),
             "start-up");
  Complete(requests, deadline, seconds);
  for (size_t peer = 1; peer < ranks; ++peer)
    CheckMpi(MPI_Isend(all.data(), static_cast<int>(all.size()), MPI_BYTE, static_cast<int>(peer),
                       kRollCallTag, MPI_COMM_WORLD, &requests[peer]),
             "start-up");
  Complete(requests, deadline, seconds);
  return all;
}

// Another rank: its bytes to rank 0, and all from there. Either list of requests is of rank 0 alone.
std::vector<char> AnswerTheRoll(const void* own, size_t bytes, size_t ranks, int rank, double seconds) {
  std::vector<char> all(bytes * ranks);
  std::vector<MPI_Request> sent(1, MPI_REQUEST_NULL), arrived(1, MPI_REQUEST_NULL);
  CheckMpi(MPI_Isend(own, static_cast<int>(bytes), MPI_BYTE, 0, kRollCallTag, MPI_COMM_WORLD, &sent[0]),
           "start-up");
  CheckMpi(MPI_Irecv(all.data(), static_cast<int>(all.size()), MPI_BYTE, 0, kRollCallTag, MPI_COMM_WORLD,
                     &arrived[0]),
           "start-up");
  const auto deadline = After(seconds + TurnByKnowledge(rank));
  Complete(sent, deadline, seconds);
  Complete(arrived, deadline, seconds);
  return all;
}

}  // namespace

std::vector<char> RollCallBytes(const void* own, size_t bytes, double seconds) {
  int rank = 0, size = 1;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  const auto ranks = static_cast<size_t>(size);
  return rank == 0 ? CallTheRoll(own, bytes, ranks, seconds)
                   : AnswerTheRoll(own, bytes, ranks, rank, seconds);
}

}  // namespace helio::cluster
