#include <gtest/gtest.h>

#include "cluster/solo_communicator.h"
#include "cluster/thread_communicator.h"
#include "tests/support/communicator_suite.h"

namespace helio::cluster {
namespace {

using testing::Check;

class ThreadRanks : public ::testing::TestWithParam<std::tuple<int, Check>> {};

TEST_P(ThreadRanks, Suite) {
  const auto& [ranks, check] = GetParam();
  if (ranks == 0)
    check.run(*MakeSoloCommunicator());
  else
    RunThreadRanks(ranks, check.run, {20, 20});
}

std::string NameOf(const ::testing::TestParamInfo<std::tuple<int, Check>>& test) {
  const auto& [ranks, check] = test.param;
  return check.name + (ranks == 0 ? "Solo" : std::to_string(ranks));
}

INSTANTIATE_TEST_SUITE_P(All, ThreadRanks,
                         ::testing::Combine(::testing::Values(0, 1, 2, 3, 4),
                                            ::testing::ValuesIn(testing::AllChecks())),
                         NameOf);

}  // namespace
}  // namespace helio::cluster
