#include "src/base/log.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace helio {
namespace {

// The exit status of a process that logs into a pipe whose reader has gone; -1 where a signal ended it.
int StatusOfUnreadLogger() {
  const pid_t child = ::fork();
  if (child == 0) {
    int ends[2];
    if (::pipe(ends) != 0 || ::dup2(ends[1], STDERR_FILENO) < 0) ::_exit(1);
    ::close(ends[0]);
    StartLogging("log_test");
    LOG(INFO) << "nobody reads this";
    ::_exit(7);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(LogTest, AReaderThatHasGoneDoesNotEndTheProcess) { EXPECT_EQ(StatusOfUnreadLogger(), 7); }

}  // namespace
}  // namespace helio
