#include "src/train/stop_signal.h"

#include <unistd.h>

#include <atomic>
#include <csignal>

namespace helio::train {
namespace {

// A signal handler can reach nothing but a global.
std::atomic<int> received{0};
static_assert(std::atomic<int>::is_always_lock_free);

void OnSignal(int signal) {
  if (received.exchange(signal) != 0) ::_exit(128 + signal);
}

}  // namespace

void InstallStopSignals() {
  struct sigaction action {};
  action.sa_handler = &OnSignal;
  action.sa_flags = SA_RESTART;
  for (const int signal : {SIGTERM, SIGINT, SIGUSR1}) sigaction(signal, &action, nullptr);
}

int StopSignalReceived() { return received.load(); }

void RaiseStop(int signal) { received.store(signal); }

}  // namespace helio::train
