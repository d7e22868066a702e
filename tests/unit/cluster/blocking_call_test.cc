#include "cluster/blocking_call.h"

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <thread>

namespace helio::cluster {
namespace {

TEST(BlockingCallTest, ADeadlineOfCenturiesDoesNotLieInThePast) {
  bool done = false;
  CallWithin(1e10, "a call", [&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    done = true;
  });
  EXPECT_TRUE(done);
}

TEST(BlockingCallTest, WhatTheCallThrowsPasses) {
  EXPECT_THROW(CallWithin(60, "a call", [] { throw std::runtime_error("MPI says no"); }), std::runtime_error);
}

TEST(BlockingCallDeathTest, ACallThatDoesNotReturnEndsTheProcess) {
  EXPECT_EXIT(CallWithin(0.01, "a call", [] { std::this_thread::sleep_for(std::chrono::minutes(5)); }),
              ::testing::ExitedWithCode(75), "a call on rank .* passed its deadline of 0 s");
}

}  // namespace
}  // namespace helio::cluster
