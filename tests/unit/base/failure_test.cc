#include "src/base/failure.h"

#include <gtest/gtest.h>

#include <new>
#include <system_error>

#include "src/base/exit_code.h"
#include "src/base/tensor.h"

namespace helio {
namespace {

template <typename Exception>
Failure FailureOf(const Exception& exception) {
  try {
    throw exception;
  } catch (...) {
    return CurrentFailure();
  }
}

void ExpectUsedUp(const Failure& failure, const std::string& said) {
  EXPECT_EQ(failure.exit_code, kRequeueCode) << failure.what;
  EXPECT_EQ(failure.what.rfind("the memory, threads or files of this host are used up: " + said + " (", 0),
            0u)
      << failure.what;
  EXPECT_EQ(failure.what.find('\n'), std::string::npos) << failure.what;
}

TEST(FailureTest, MemoryThatIsUsedUpIsNoBug) { ExpectUsedUp(FailureOf(std::bad_alloc()), "std::bad_alloc"); }

TEST(FailureTest, AThreadThatIsNotToBeHadIsNoBug) {
  const std::error_code code(EAGAIN, std::generic_category());
  ExpectUsedUp(FailureOf(std::system_error(code)), "Resource temporarily unavailable");
}

TEST(FailureTest, TorchsAllocatorIsNoBugAndItsBacktraceIsLeftOut) {
  const std::string said =
      "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you tried "
      "to "
      "allocate 4503599627370496 bytes. Error code 12 (Cannot allocate memory)";
  ExpectUsedUp(FailureOf(c10::Error({}, said)), said);
}

TEST(FailureTest, OtherExceptionsAreBugs) {
  EXPECT_EQ(FailureOf(c10::Error({}, "shape mismatch")).exit_code, kBugCode);
  EXPECT_EQ(FailureOf(std::logic_error("ours")).what, "internal error: ours");
  EXPECT_EQ(
      FailureOf(std::system_error(std::make_error_code(std::errc::resource_deadlock_would_occur))).exit_code,
      kBugCode);
}

}  // namespace
}  // namespace helio
