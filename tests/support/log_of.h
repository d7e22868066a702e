#pragma once
#include <gtest/gtest.h>

#include <string>

namespace helio {

// What is logged while `step` is done. One thread.
template <typename Step>
std::string LogOf(const Step& step) {
  testing::internal::CaptureStderr();
  step();
  return testing::internal::GetCapturedStderr();
}

}  // namespace helio
