#include "src/app/trained_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/base/file_system.h"
#include "tests/support/error_of.h"
#include "tests/support/scratch_folder.h"

namespace helio::app {
namespace {

std::string ErrorOfOpening(const std::filesystem::path& path) {
  return ErrorOf([&] { const TrainedModel model(path, torch::kCPU); });
}

TEST(TrainedModelTest, PackedDataIsToldFromACheckpoint) {
  const ScratchFolder folder("trained_model_packed");
  WriteFileAtomically(folder.path() / "manifest.json", R"({"format_version": 2, "splits": {}})");
  EXPECT_THAT(ErrorOfOpening(folder.path()), testing::HasSubstr("is packed data, no trained model"));
}

TEST(TrainedModelTest, ADamagedManifestIsStillACheckpoints) {
  const ScratchFolder folder("trained_model_damaged");
  WriteFileAtomically(folder.path() / "manifest.json", R"({"step": )");
  EXPECT_THAT(ErrorOfOpening(folder.path()), testing::HasSubstr("manifest.json"));
}

}  // namespace
}  // namespace helio::app
