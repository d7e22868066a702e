#include "src/serve/draw_request.h"

#include <gtest/gtest.h>

#include "src/serve/request_error.h"

namespace helio::serve {
namespace {

// The status and the code of what is wrong with a body.
std::pair<int, std::string> Refused(const std::string& body, const ServeOptions& limits = {}) {
  try {
    ReadDrawRequest(body, limits);
  } catch (const RequestError& error) {
    EXPECT_NE(std::string(error.what()), "");
    return {error.status(), error.code()};
  }
  return {200, ""};
}

using Refusal = std::pair<int, std::string>;

TEST(DrawRequest, HasDefaults) {
  const auto request = ReadDrawRequest(R"({"caption": "a red bird"})", {});
  EXPECT_EQ(request.caption, "a red bird");
  EXPECT_EQ(request.pictures, 4);
  EXPECT_EQ(request.seed, 1u);
  EXPECT_TRUE(request.stages && request.attention);
}

TEST(DrawRequest, TakesWhatIsGiven) {
  const auto request = ReadDrawRequest(
      R"({"caption": "Vögel", "pictures": 2, "seed": 9007199254740992, "stages": false, "attention": false})",
      {});
  EXPECT_EQ(request.pictures, 2);
  EXPECT_EQ(request.seed, uint64_t{1} << 53);
  EXPECT_FALSE(request.stages || request.attention);
}

TEST(DrawRequest, FewerPicturesThanTheDefaultMayBeAllowed) {
  ServeOptions limits;
  limits.pictures = 2;
  EXPECT_EQ(ReadDrawRequest(R"({"caption": "a"})", limits).pictures, 2);
}

TEST(DrawRequest, RefusesWhatIsNoSuchJson) {
  for (const char* body : {"", "{", "null", "[]", "\"a\"", "3", "{\"caption\": \"\xff\"}"})
    EXPECT_EQ(Refused(body), Refusal(400, "not_json")) << body;
  EXPECT_EQ(Refused("{}"), Refusal(400, "no_caption"));
  EXPECT_EQ(Refused(R"({"caption": 3})"), Refusal(400, "wrong_type"));
  EXPECT_EQ(Refused(R"({"caption": "a", "pictures": "4"})"), Refusal(400, "wrong_type"));
  EXPECT_EQ(Refused(R"({"caption": "a", "pictures": 1.5})"), Refusal(400, "wrong_type"));
  EXPECT_EQ(Refused(R"({"caption": "a", "stages": 1})"), Refusal(400, "wrong_type"));
  EXPECT_EQ(Refused(R"({"caption": "a", "n": 1})"), Refusal(400, "unknown_field"));
}

TEST(DrawRequest, RefusesWhatIsBeyondALimit) {
  EXPECT_EQ(Refused(R"({"caption": " \t\n"})"), Refusal(422, "no_caption"));
  EXPECT_EQ(Refused(R"({"caption": ")" + std::string(501, 'a') + "\"}"), Refusal(422, "caption_too_long"));
  EXPECT_EQ(Refused(R"({"caption": ")" + std::string(500, 'a') + "\"}"), Refusal(200, ""));
  for (const char* number : {"0", "9", "-1", "18446744073709551615"})
    EXPECT_EQ(Refused(std::string(R"({"caption": "a", "pictures": )") + number + "}"),
              Refusal(422, "out_of_range"))
        << number;
  for (const char* number : {"-1", "9007199254740993"})
    EXPECT_EQ(Refused(std::string(R"({"caption": "a", "seed": )") + number + "}"),
              Refusal(422, "out_of_range"))
        << number;
}

}  // namespace
}  // namespace helio::serve
