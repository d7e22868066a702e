#include "src/base/safetensors.h"

#include <gtest/gtest.h>

#include "src/base/file_system.h"
#include "src/base/random.h"
#include "tests/support/error_of.h"

namespace helio {
namespace {

namespace fs = std::filesystem;

class SafeTensorsTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("helio_safetensors_" + std::to_string(::getpid()));
    fs::create_directories(folder_);
    path_ = folder_ / "a.safetensors";
  }
  void TearDown() override { fs::remove_all(folder_); }

  void WriteRaw(const std::string& header, const std::string& data) {
    const uint64_t size = header.size();
    std::string content(reinterpret_cast<const char*>(&size), sizeof size);
    WriteFileAtomically(path_, content + header + data);
  }

  fs::path folder_, path_;
};

TEST_F(SafeTensorsTest, RoundTripKeepsEverything) {
  const NamedTensors tensors = {{"w", torch::randn({3, 4})},
                                {"strided", torch::arange(12, torch::kFloat64).view({3, 4}).t()},
                                {"ids", torch::tensor({1, 2, 3}, torch::kInt64)},
                                {"half", torch::randn({5}).to(torch::kBFloat16)},
                                {"empty", torch::empty({0, 3})},
                                {"scalar", torch::tensor(2.5)}};
  WriteSafeTensors(path_, tensors, {{"recipe", "mirrorgan"}});
  const auto read = ReadSafeTensors(path_);
  EXPECT_EQ(read.metadata.at("recipe"), "mirrorgan");
  EXPECT_EQ(read.MetadataValue("recipe"), "mirrorgan");
  EXPECT_EQ(read.MetadataValue("vocabulary"), "");
  ASSERT_EQ(read.tensors.size(), tensors.size());
  for (const auto& [name, tensor] : tensors) {
    ASSERT_NE(read.Find(name), nullptr) << name;
    EXPECT_EQ(read.Find(name)->scalar_type(), tensor.scalar_type()) << name;
    EXPECT_TRUE(torch::equal(*read.Find(name), tensor)) << name;
  }
}

TEST_F(SafeTensorsTest, WritesTextThatIsNoUtf8) {
  WriteSafeTensors(path_, {{"w", torch::ones({2})}}, {{"from", "caf\xE9/a"}});
  EXPECT_EQ(ReadSafeTensors(path_).MetadataValue("from"), "caf\xEF\xBF\xBD/a");
}

TEST_F(SafeTensorsTest, RefusesHostileHeaders) {
  const std::string four_bytes(4, 'x');
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", "do not match"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", "hole"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
       "overlaps"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
       "twice"},
      {R"({"a":{"dtype":"F32","shape":[4294967296,4294967296,4294967296],"data_offsets":[0,4]}})",
       "overflows"},
      {R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", "dimension"},
      {R"({"a":{"dtype":"Q9","shape":[1],"data_offsets":[0,4]}})", "dtype"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", "do not match"},
      {R"([1])", "not a JSON object"},
      {R"({"a":)", "not valid JSON"},
      {R"({})", "truncated or has trailing"}};
  for (const auto& [header, message] : cases) {
    WriteRaw(header, four_bytes);
    const auto said = ErrorOf([&] { ReadSafeTensors(path_); });
    EXPECT_NE(said.find(message), std::string::npos) << header << ": " << said;
    EXPECT_NE(said.find("a.safetensors"), std::string::npos) << said;
  }
}

TEST_F(SafeTensorsTest, RefusesEveryTruncation) {
  WriteSafeTensors(path_, {{"a", torch::ones({3})}, {"b", torch::ones({2})}});
  const std::string whole = ReadFile(path_);
  for (size_t size = 0; size < whole.size(); ++size) {
    WriteFileAtomically(path_, whole.substr(0, size));
    EXPECT_NE(ErrorOf([&] { ReadSafeTensors(path_); }).find("a.safetensors"), std::string::npos) << size;
  }
}

TEST_F(SafeTensorsTest, CopyStateListsEveryMismatch) {
  const NamedTensors target = {
      {"a", torch::zeros({2})}, {"b", torch::zeros({3})}, {"bn.num_batches_tracked", torch::zeros({})}};
  const auto said = ErrorOf([&] {
    CopyState({{"a", torch::ones({4})}, {"c", torch::ones({1})}}, target, "x.safetensors");
  });
  for (const char* part : {"x.safetensors", "a is [4]", "missing b", "unexpected c"})
    EXPECT_NE(said.find(part), std::string::npos) << part;
  EXPECT_EQ(target[0].second.sum().item<float>(), 0) << "nothing may be copied when anything is wrong";
  CopyState({{"a", torch::ones({2})}, {"b", torch::ones({3})}}, target, "");
  EXPECT_EQ(target[1].second.sum().item<float>(), 3);
}

}  // namespace
}  // namespace helio
