#include "src/app/run_exporter.h"

#include <gtest/gtest.h>

#include "cluster/thread_communicator.h"
#include "src/base/file_system.h"
#include "tests/support/scratch_folder.h"

namespace helio::app {
namespace {

namespace fs = std::filesystem;

class RunExporterTest : public testing::Test {
 protected:
  RunExporterTest() {
    options_.session.out = scratch_.path();
    options_.metrics.metrics_port = cluster::MetricsExporter(registry_, "127.0.0.1", 0).port();
  }
  // Until it is tried once.
  void FillTheDisk() const { fs::create_symlink("/dev/full", list_.string() + ".tmp"); }

  const ScratchFolder scratch_{"run_exporter"};
  const fs::path list_ = scratch_.path() / "prometheus-targets.json";
  cluster::MetricRegistry registry_;
  TrainingOptions options_;
};

TEST_F(RunExporterTest, AListThatTheDiskHasNoRoomForDoesNotEndTheTraining) {
  cluster::RunThreadRanks(1, [&](cluster::Communicator& communicator) {
    FillTheDisk();
    RunExporter exporter(options_, registry_, communicator);
    EXPECT_FALSE(fs::exists(list_));
    FillTheDisk();
    EXPECT_NO_THROW(exporter.EndInOrder(true));
    exporter.EndInOrder(true);
    EXPECT_EQ(ReadFile(list_), "[]\n");
  });
}

}  // namespace
}  // namespace helio::app
