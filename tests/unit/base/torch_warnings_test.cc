#include "src/base/torch_warnings.h"

#include <gtest/gtest.h>

#include "src/base/tensor.h"
#include "tests/support/log_of.h"

namespace helio {
namespace {

size_t Count(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(TorchWarnings, EachIsToldOnceInOneLine) {
  LogTorchWarningsOnce();
  const auto said = LogOf([] {
    for (int i = 0; i < 3; ++i) TORCH_WARN("this may be odd\nand that is why");
  });
  EXPECT_EQ(Count(said, "LibTorch: this may be odd"), 1u) << said;
  EXPECT_EQ(Count(said, "and that is why"), 0u) << said;
}

// What cuDNN's recurrent layers say of weights that lie in a phase's buffer: nobody can do anything about it.
TEST(TorchWarnings, WhatIsAlwaysSoIsNotTold) {
  LogTorchWarningsOnce();
  const auto said = LogOf([] {
    TORCH_WARN(
        "RNN module weights are not part of single contiguous chunk of memory. This means they need to be "
        "compacted at every call, possibly greatly increasing memory usage. To compact weights again call "
        "flatten_parameters().");
  });
  EXPECT_EQ(said, "");
}

}  // namespace
}  // namespace helio
