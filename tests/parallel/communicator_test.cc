#include <gtest/gtest.h>

#include "cluster/launch.h"
#include "src/base/error.h"
#include "tests/support/communicator_suite.h"

// The unit tests' suite over real processes. Failures print on every rank.
namespace helio::cluster {
namespace {

using testing::Check;

Communicator* world = nullptr;

std::vector<Check> AllChecks() {
  auto checks = testing::CommunicatorChecks();
  const auto& more = testing::ReducerChecks();
  checks.insert(checks.end(), more.begin(), more.end());
  return checks;
}

class MpiRanks : public ::testing::TestWithParam<Check> {};

TEST_P(MpiRanks, Suite) {
  GetParam().run(*world);
  world->Barrier("end of " + GetParam().name);
}

std::string NameOf(const ::testing::TestParamInfo<Check>& test) { return test.param.name; }

INSTANTIATE_TEST_SUITE_P(All, MpiRanks, ::testing::ValuesIn(AllChecks()), NameOf);

}  // namespace
}  // namespace helio::cluster

int main(int argc, char** argv) {
  using namespace helio;
  ::testing::InitGoogleTest(&argc, argv);
  try {
    cluster::LaunchOptions options;
    options.device = "cpu";
    options.deadlines = {30, 30};
    // communicator_test two_levels: the same suite, as if two ranks shared each host.
    if (argc > 1 && std::string(argv[1]) == "two_levels") {
      options.pretend_ranks_per_host = 2;
      options.hierarchy = "on";
    }
    cluster::Launch launch(options);
    StartLogging(argv[0], launch.world().rank, launch.world().size);
    if (launch.world().rank > 0)
      delete ::testing::UnitTest::GetInstance()->listeners().Release(
          ::testing::UnitTest::GetInstance()->listeners().default_result_printer());
    cluster::world = &launch.communicator();
    return launch.Run([] { return RUN_ALL_TESTS(); });
  } catch (const Error& error) {
    std::cerr << error.what() << "\n";
    return error.exit_code();
  }
}
