#include "src/base/file_system.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "src/base/checksum.h"
#include "tests/support/error_of.h"

namespace helio {
namespace {

// A file whose first byte cannot be read: EIO, as of a broken disk.
constexpr const char* kUnreadable = "/proc/self/mem";

TEST(FileSystemTest, ADiskOrAServerThatFailsIsTheSystems) {
  for (const int code : {EIO, ENOSPC, ESTALE, ETIMEDOUT, EROFS, ENFILE, ENOTCONN, EHOSTDOWN, ESHUTDOWN})
    EXPECT_EQ(ErrorOfErrno(code, "a", "cannot read").kind(), ErrorKind::kSystem) << code;
  EXPECT_STREQ(ErrorOfErrno(ESTALE, "a", "cannot read").what(), "a: cannot read: Stale file handle");
}

TEST(FileSystemTest, AWrongPathIsTheUsers) {
  for (const int code : {ENOENT, EACCES, ENOTDIR, EISDIR, ENAMETOOLONG})
    EXPECT_EQ(ErrorOfErrno(code, "a", "cannot open").kind(), ErrorKind::kUser) << code;
}

TEST(FileSystemTest, ADigestThatCannotBeReadSaysWhy) {
  const auto error = ErrorIn([] { DigestFile(kUnreadable); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind(), ErrorKind::kSystem);
  EXPECT_STREQ(error->what(), "/proc/self/mem: cannot read: Input/output error");
}

TEST(FileSystemTest, ADigestOfNoFileIsAMistake) {
  const auto error = ErrorIn([] { DigestFile("/nonexistent"); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind(), ErrorKind::kUser);
}

}  // namespace
}  // namespace helio
