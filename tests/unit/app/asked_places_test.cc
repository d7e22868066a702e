#include "src/app/asked_places.h"

#include <gtest/gtest.h>

#include "tests/support/default_dtype.h"
#include "tests/support/error_of.h"

namespace helio::app {
namespace {

const std::vector<std::string>& Names() {
  static const auto& names = *new std::vector<std::string>{"beak", "left eye", "tail"};
  return names;
}

TEST(AskedPlaces, ABoxIsFourPartsOfThePicture) {
  const auto box = AskedBox("0.25,0,0.5,1", 3);
  ASSERT_EQ(box.sizes(), (torch::IntArrayRef{3, 4}));
  EXPECT_TRUE(torch::equal(box[2], torch::tensor({0.25, 0.0, 0.5, 1.0}, torch::kFloat32)));
}

TEST(AskedPlaces, OtherBoxesAreNamed) {
  const std::pair<const char*, const char*> mistakes[] = {{"0.2,0.3,0.4", "four numbers"},
                                                          {"0.2,0.3,0.4,0.1,0.1", "four numbers"},
                                                          {"a,0.3,0.4,0.1", "'a'"},
                                                          {"0.2,nan,0.4,0.1", "'nan'"},
                                                          {"20,30,40,50", "'20'"},
                                                          {"0.2,0.3,0,0.1", "no area"},
                                                          {"0.7,0.3,0.4,0.1", "leaves the picture"}};
  for (const auto& [box, said] : mistakes) {
    const auto complaint = ErrorOf([text = box] { AskedBox(text, 1); });
    EXPECT_NE(complaint.find(said), std::string::npos) << box << ": " << complaint;
    EXPECT_NE(complaint.find("--box="), std::string::npos) << complaint;
  }
}

// A system of --dtype=float64 makes new tensors another type.
TEST(AskedPlaces, PointsAreTheSameWhateverNetworksAreMadeOf) {
  const DefaultDtype dtype(torch::kFloat64);
  EXPECT_EQ(AskedPoints("tail:0.1,0.6", Names(), 1)[0][2][2].item<double>(), 1);
}

TEST(AskedPlaces, PointsAreNamed) {
  const auto points = AskedPoints("tail:0.1,0.6,left_eye:0.8,0.25", Names(), 2);
  ASSERT_EQ(points.sizes(), (torch::IntArrayRef{2, 3, 3}));
  EXPECT_EQ(points[1][0].abs().sum().item<float>(), 0);
  EXPECT_TRUE(torch::allclose(points[1][1], torch::tensor({0.8, 0.25, 1.0}, torch::kFloat32)));
  EXPECT_TRUE(torch::allclose(points[0][2], torch::tensor({0.1, 0.6, 1.0}, torch::kFloat32)));
  EXPECT_EQ(AskedPoints("", Names(), 1).abs().sum().item<float>(), 0);
}

TEST(AskedPlaces, OtherPointsAreToldWhatIsKnown) {
  const std::pair<const char*, const char*> mistakes[] = {{"fin:0.1,0.2", "use beak, left eye, tail"},
                                                          {"tail:0.1", "lacks a number"},
                                                          {"tail,0.1", "not name:x"},
                                                          {"tail:0.1,1.5", "'1.5'"},
                                                          {"tail:0.1,0.2,tail:0.1,0.2", "twice"}};
  for (const auto& [points, said] : mistakes) {
    const auto complaint = ErrorOf([text = points] { AskedPoints(text, Names(), 1); });
    EXPECT_NE(complaint.find(said), std::string::npos) << points << ": " << complaint;
  }
}

}  // namespace
}  // namespace helio::app
