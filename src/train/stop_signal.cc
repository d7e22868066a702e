#include "src/train/stop_signal.h"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <ctime>

namespace helio::train {
namespace {

// Slurm signals every task, and mpirun forwards its own copy: what comes within this time is the same wish.
constexpr int64_t kOneWishNanoseconds = 1'000'000'000;

// A signal handler can reach nothing but a global.
std::atomic<int> received{0};
std::atomic<int64_t> first_at{0};
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<int64_t>::is_always_lock_free);

int64_t Now() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);  // may be called in a handler
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

// Two threads may be in here at once, and a second signal interrupts the first one's handler.
void OnSignal(int signal) {
  received.store(signal);
  int64_t first = 0;
  if (const auto now = Now();
      !first_at.compare_exchange_strong(first, now) && now - first > kOneWishNanoseconds)
    ::_exit(128 + signal);
}

}  // namespace

void InstallStopSignals() {
  struct sigaction action {};
  action.sa_handler = &OnSignal;
  action.sa_flags = SA_RESTART;
  for (const int signal : {SIGTERM, SIGINT, SIGUSR1}) sigaction(signal, &action, nullptr);
  struct sigaction hangup {};  // under nohup it is ignored and stays so
  if (sigaction(SIGHUP, nullptr, &hangup) == 0 && hangup.sa_handler != SIG_IGN)
    sigaction(SIGHUP, &action, nullptr);
}

int StopSignalReceived() { return received.load(); }

void RaiseStop(int signal) { received.store(signal); }

}  // namespace helio::train
