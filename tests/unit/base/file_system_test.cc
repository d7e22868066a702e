#include "src/base/file_system.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "src/base/checksum.h"
#include "tests/support/error_of.h"
#include "tests/support/scratch_folder.h"

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

TEST(FileSystemTest, WhetherAFileCanBeWrittenIsKnownBefore) {
  const ScratchFolder scratch("can_write");
  const auto& root = scratch.path();
  CheckCanWrite(root / "missing/x");
  EXPECT_TRUE(std::filesystem::is_empty(root / "missing")) << "the folder is made, no file";
  WriteFileAtomically(root / "file", "content");
  CheckCanWrite(root / "file");
  EXPECT_EQ(ReadFile(root / "file"), "content");
  WriteFileAtomically(root / "file.tmp", "of another process");
  CheckCanWrite(root / "file");
  EXPECT_EQ(ReadFile(root / "file.tmp"), "of another process");
  for (const auto& wrong : {std::string("file/x"), std::string("missing"), std::string(252, 'x')})
    EXPECT_NE(ErrorOf([&] { CheckCanWrite(root / wrong); }), "") << wrong;
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

TEST(FileSystemDeathTest, AFileThatShrinksWhileItIsMappedIsNamed) {
  const ScratchFolder folder("shrinking");
  const auto path = folder.path() / "mapped";
  WriteFileAtomically(path, std::string(3 << 12, 'x'));
  const auto read_after_the_end = [&] {
    const MappedFile mapped(path);
    std::filesystem::resize_file(path, 0);
    const volatile auto* bytes = mapped.bytes().data();
    _exit(static_cast<int>(bytes[2 << 12]));
  };
  EXPECT_EXIT(read_after_the_end(), testing::ExitedWithCode(kMistakeCode),
              "mapped: was truncated while it was read");
}

TEST(FileSystemTest, OnlyRegularFilesAreReplaced) {
  const ScratchFolder folder("only_regular");
  const auto pipe = folder.path() / "pipe", file = folder.path() / "file";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  for (const auto& path : {pipe, folder.path()}) {
    const auto error = ErrorIn([&] { WriteFileAtomically(path, "x"); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->kind(), ErrorKind::kUser);
    EXPECT_FALSE(Exists(path.string() + ".tmp"));
  }
  EXPECT_TRUE(std::filesystem::is_fifo(pipe));
  for (const char* content : {"first", "second"}) {
    WriteFileAtomically(file, content);
    EXPECT_EQ(ReadFile(file), content);
  }
}

}  // namespace
}  // namespace helio
