#include "src/train/stop_signal.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>

namespace helio::train {
namespace {

// The exit status of a process in which `body` runs.
int StatusOf(const std::function<int()>& body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(StopSignals, TwoAtOnceAreOneWish) {
  EXPECT_EQ(StatusOf([] {
              InstallStopSignals();
              raise(SIGTERM);
              raise(SIGTERM);
              return StopSignalReceived() == SIGTERM ? 7 : 1;
            }),
            7);
}

TEST(StopSignals, ALaterSecondOneEndsAtOnce) {
  EXPECT_EQ(StatusOf([] {
              InstallStopSignals();
              raise(SIGTERM);
              usleep(1'100'000);
              raise(SIGTERM);
              return 7;
            }),
            128 + SIGTERM);
}

}  // namespace
}  // namespace helio::train
