#include <gtest/gtest.h>
#include <torch/cuda.h>

#include "cluster/launch.h"
#include "src/base/error.h"
#include "src/base/tensor.h"
#include "tests/support/communicator_suite.h"
#include "tests/support/few_tags.h"

// The unit tests' suite over real processes. Failures print on every rank.
namespace helio::cluster {
namespace {

using testing::Check;

Communicator* world = nullptr;

class MpiRanks : public ::testing::TestWithParam<Check> {};

TEST_P(MpiRanks, Suite) {
  GetParam().run(*world);
  world->Barrier("end of " + GetParam().name);
}

std::string NameOf(const ::testing::TestParamInfo<Check>& test) { return test.param.name; }

INSTANTIATE_TEST_SUITE_P(All, MpiRanks, ::testing::ValuesIn(testing::AllChecks()), NameOf);

}  // namespace
}  // namespace helio::cluster

// communicator_test [two_levels | few_tags | cuda]: over MPI; as if two ranks shared each host; over an MPI
// whose tags end soon; over NCCL, on one GPU if there is no more. Exit code 77: skipped, there is no GPU.
int main(int argc, char** argv) {
  using namespace helio;
  ::testing::InitGoogleTest(&argc, argv);
  const std::string mode = argc > 1 ? argv[1] : "";
  try {
    cluster::LaunchOptions options;
    options.device = cluster::WantedDevice::kCpu;
    options.deadlines = {30, 30};
    if (mode == "two_levels") {
      options.pretend_ranks_per_host = 2;
      options.hierarchy = cluster::Hierarchy::kTwoLevel;
    }
    if (mode == "few_tags") helio::testing::UseFewTags(8191);
    if (mode == "cuda") {
      if (torch::cuda::device_count() == 0) return 77;
      options.device = cluster::WantedDevice::kCuda;
      options.share_gpus = true;
    }
    cluster::Launch launch(options);
    StartLogging(argv[0], launch.world().rank, launch.world().size);
    auto& listeners = ::testing::UnitTest::GetInstance()->listeners();
    if (launch.world().rank > 0) delete listeners.Release(listeners.default_result_printer());
    cluster::world = &launch.communicator();
    return launch.Run([&] {
      const int failed = RUN_ALL_TESTS();
      return mode == "few_tags" && helio::testing::TagsBegunAnew() < 3 ? 1 : failed;
    });
  } catch (const Error& error) {
    std::cerr << error.what() << "\n";
    return error.exit_code();
  }
}
