#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/thread_communicator.h"
#include "src/base/error.h"
#include "src/base/tensor.h"
#include "tests/support/faulty_communicator.h"

namespace helio::cluster {
namespace {

using ::testing::AllOf;
using testing::Fault;
using ::testing::HasSubstr;

std::string FailureOf(int ranks, const Fault& fault, double deadline) {
  try {
    RunThreadRanks(ranks,
                   [&](Communicator& world) {
                     const auto c = testing::MakeFaulty(world, fault);
                     for (int64_t step = 0; step < 5; ++step) {
                       c->BeginStep(step);
                       auto value = torch::ones({3});
                       c->AllReduce(value, Reduce::kSum, "g/0").Wait();
                     }
                   },
                   {deadline, deadline});
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), 75);
    return error.what();
  }
  return "";
}

TEST(FailureTest, NoFaultNoFailure) { EXPECT_EQ(FailureOf(3, {}, 5), ""); }

TEST(FailureTest, ADelayWithinTheDeadlineIsHarmless) {
  EXPECT_EQ(FailureOf(3, {Fault::Kind::kDelay, 1, 3, 0.1}, 5), "");
}

TEST(FailureTest, AnExceptionEndsAllRanksAtOnce) {
  const auto begin = Clock::now();
  EXPECT_THAT(FailureOf(4, {Fault::Kind::kFail, 2, 3}, 30), HasSubstr("injected failure"));
  EXPECT_LT(Clock::now() - begin, std::chrono::seconds(5));
}

TEST(FailureTest, AMissedDeadlineNamesCollectiveStepAndRank) {
  EXPECT_THAT(FailureOf(3, {Fault::Kind::kDelay, 1, 4, 1.0}, 0.3),
              AllOf(HasSubstr("all_reduce #4 'g/0' of world at step 3"), HasSubstr("missing: rank 1"),
                    HasSubstr("last seen: all_reduce #3")));
}

}  // namespace
}  // namespace helio::cluster
