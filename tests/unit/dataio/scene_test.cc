#include "dataio/synth/scene.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "dataio/synth/drawn_set.h"
#include "dataio/synth/scene_captions.h"
#include "src/base/json.h"
#include "tests/unit/dataio/small_set.h"

namespace helio::dataio {
namespace {

constexpr std::array<int, 4> kColours = {2, 6, 3, 1};  // one of them, orange, begins with a vowel

// Scenes of both kinds, and captions of each.
template <typename Check>
void ForScenes(const Check& check) {
  for (uint64_t key = 0; key < 60; ++key) {
    const auto facts = MakeScene(kColours, key % 2 == 0, key);
    for (uint64_t caption = 0; caption < 40; ++caption)
      check(facts, DescribeScene(facts, 1000 * key + caption));
  }
}

std::vector<std::string> WordsIn(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

bool HasWord(const std::string& text, const std::string& word) {
  return (" " + text + " ").find(" " + word + " ") != std::string::npos;
}

bool AsksFor(const DrawnCaption& caption, int value) {
  return std::find(caption.asked.begin(), caption.asked.end(), value) != caption.asked.end();
}

// The directions that it says birds look into, sorted.
std::vector<int> DirectionsIn(const std::string& text) {
  const auto words = WordsIn(text);
  std::vector<int> directions;
  const auto add = [&](const std::string& word) {
    directions.push_back(word == "left" ? kLooksLeft : kLooksRight);
  };
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i] != "looking" && words[i] != "facing") continue;
    size_t next = i + 1;
    while (words[next] == "to" || words[next] == "the") ++next;
    if (words[next] == "each" || words[next] == "away")
      directions = {kLooksLeft, kLooksRight};
    else if (words[next] == "left" || words[next] == "right")
      add(words[next]);
    else
      add(words[i - 1]);  // "a left facing bird"
    if (words[i - 1] == "both") directions.push_back(directions.back());
  }
  std::ranges::sort(directions);
  return directions;
}

TEST(SceneCaptions, AskForWhatIsThere) {
  ForScenes([](const SceneFacts& facts, const DrawnCaption& caption) {
    ASSERT_EQ(caption.asked.size(), facts.size());
    for (size_t part = 0; part < facts.size(); ++part) {
      if (caption.asked[part] < 0) continue;
      EXPECT_EQ(caption.asked[part], facts[part]) << caption.text;
      EXPECT_NE(caption.asked[part], kAbsent);
    }
  });
}

TEST(SceneCaptions, NameWhatTheyAskForAndNothingElse) {
  ForScenes([](const SceneFacts& facts, const DrawnCaption& caption) {
    const auto& text = caption.text;
    for (int colour = 0; colour < static_cast<int>(kColourNames.size()); ++colour)
      EXPECT_EQ(HasWord(text, NameOfValue(colour)), AsksFor(caption, colour)) << text;
    for (const int count : {kTwoThings, kThreeThings})
      EXPECT_EQ(HasWord(text, NameOfValue(count)), AsksFor(caption, count)) << text;
    for (const int things : {kBalls, kFlowers}) {
      const auto noun = NameOfValue(things);
      EXPECT_EQ(HasWord(text, noun) || HasWord(text, noun + "s"), AsksFor(caption, things)) << text;
      EXPECT_EQ(HasWord(text, noun), AsksFor(caption, things) && facts[kCount] == kOneThing) << text;
    }
    EXPECT_EQ(AsksFor(caption, kOneThing), facts[kCount] == kOneThing) << text;
    std::vector<int> looks;
    for (const int part : {kLeftLooks, kRightLooks})
      if (caption.asked[static_cast<size_t>(part)] >= 0)
        looks.push_back(caption.asked[static_cast<size_t>(part)]);
    std::ranges::sort(looks);
    EXPECT_EQ(DirectionsIn(text), looks) << text;
  });
}

// Where the caption first names a colour of what is on the side of this bird's place.
size_t PlaceOf(const DrawnCaption& caption, const SceneFacts& facts, size_t first) {
  size_t place = std::string::npos;
  const std::vector<size_t> coloured = facts[first] == kAbsent
                                           ? std::vector<size_t>{kThingsColour}
                                           : std::vector<size_t>{first, first + kSceneWings};
  for (const size_t part : coloured)
    if (caption.asked[part] >= 0)
      place = std::min(place, (" " + caption.text + " ").find(" " + NameOfValue(caption.asked[part]) + " "));
  return place;
}

TEST(SceneCaptions, SayWhatIsOnWhichSide) {
  int64_t checked = 0;
  ForScenes([&](const SceneFacts& facts, const DrawnCaption& caption) {
    const auto left = PlaceOf(caption, facts, kLeftBody), right = PlaceOf(caption, facts, kRightBody);
    if (left == std::string::npos || right == std::string::npos) return;
    const auto says = [&](const char* words) { return caption.text.find(words) != std::string::npos; };
    const bool left_first =
        says("from left to right") || says(", left of") || says("just left of") || says("and on the right");
    const bool right_first =
        says("from right to left") || says(", right of") || says("just right of") || says("and on the left");
    EXPECT_FALSE(left_first && right_first) << caption.text;
    if (!left_first && !right_first) return;
    EXPECT_EQ(left < right, left_first) << caption.text;
    ++checked;
  });
  EXPECT_GT(checked, 500);
}

TEST(SceneCaptions, AreShortAndProper) {
  std::set<std::string> texts;
  ForScenes([&](const SceneFacts&, const DrawnCaption& caption) {
    const auto words = WordsIn(caption.text);
    EXPECT_LE(std::ranges::count_if(words, [](const auto& word) { return word != ","; }), 18) << caption.text;
    EXPECT_TRUE(HasWord(caption.text, "left") || HasWord(caption.text, "right")) << caption.text;
    for (size_t i = 0; i + 1 < words.size(); ++i) {
      const bool vowel = std::string("aeiou").find(words[i + 1][0]) != std::string::npos;
      EXPECT_FALSE(words[i] == "a" && vowel) << caption.text;
      EXPECT_FALSE(words[i] == "an" && !vowel) << caption.text;
    }
    texts.insert(caption.text);
  });
  EXPECT_GT(texts.size(), 2000u);
}

TEST(SceneCaptions, NameMostOfWhatIsThere) {
  int64_t there = 0, asked = 0;
  ForScenes([&](const SceneFacts& facts, const DrawnCaption& caption) {
    there += std::ranges::count_if(facts, [](int value) { return value != kAbsent; });
    asked += std::ranges::count_if(caption.asked, [](int value) { return value >= 0; });
  });
  EXPECT_GT(asked, there * 3 / 4);
  EXPECT_LT(asked, there);
}

TEST(Scenes, AreFunctionsOfTheirKeys) {
  const auto facts = MakeScene(kColours, false, 5);
  EXPECT_EQ(facts, MakeScene(kColours, false, 5));
  EXPECT_EQ(DrawScene(facts, 48, 7).image.pixels, DrawScene(facts, 48, 7).image.pixels);
  EXPECT_NE(DrawScene(facts, 48, 7).image.pixels, DrawScene(facts, 48, 8).image.pixels);
  EXPECT_EQ(DescribeScene(facts, 7).text, DescribeScene(facts, 7).text);
}

TEST(Scenes, BoxesAreInThePictureAndHaveBothSides) {
  for (uint64_t key = 0; key < 30; ++key) {
    const auto box = DrawScene(MakeScene(kColours, key % 2 == 0, key), 76, key).box;
    EXPECT_GE(box.x, 0);
    EXPECT_GE(box.y, 0);
    EXPECT_LE(box.x + box.width, 76);
    EXPECT_LE(box.y + box.height, 76);
    EXPECT_LT(box.x, 25);
    EXPECT_GT(box.x + box.width, 50);
  }
}

TEST(Scenes, KeyPointsAreThoseOfTheLeftBird) {
  const auto points = DrawScene(MakeScene(kColours, true, 3), 76, 3).points;
  for (const auto& point : points) EXPECT_LT(point.x, 40);
}

TEST(Scenes, NamesTellThemApart) {
  std::map<std::string, SceneFacts> names;
  for (uint64_t key = 0; key < 300; ++key) {
    const auto facts = MakeScene(kColours, key % 2 == 0, key);
    EXPECT_EQ(names.emplace(SceneName(facts), facts).first->second, facts);
  }
  EXPECT_EQ(names.size(), 4u + 2 * 2 * 2 * 3);
}

class SceneSet : public testing::Test {
 protected:
  static void Write(const std::filesystem::path& root) {
    WriteDrawnSet(
        root, {.images = 76, .side = 48, .scene = true, .families = 3, .test_classes = 4, .test_images = 2});
  }
};

TEST_F(SceneSet, WhoeverDrawsAFolderHasItAlone) {
  const ScratchFolder scratch("scenes_alone");
  {
    const PackFolder other(scratch.path());
    EXPECT_NE(ErrorOf([&] { Write(scratch.path()); }).find("another job"), std::string::npos);
    EXPECT_FALSE(std::filesystem::exists(scratch.path() / "text"));
  }
  Write(scratch.path());
  EXPECT_FALSE(std::filesystem::exists(scratch.path() / ".lock"));
}

TEST_F(SceneSet, AFolderThatWasNotDrawnIsNotDeleted) {
  const ScratchFolder scratch("scenes_foreign");
  const auto precious = scratch.path() / "CUB_200_2011/images.txt";
  WriteText(precious, "somebody's");
  EXPECT_NE(ErrorOf([&] { Write(scratch.path()); }).find("has not drawn it"), std::string::npos);
  EXPECT_TRUE(std::filesystem::exists(precious));
}

TEST_F(SceneSet, AListOfASplitThatWasNotDrawnIsNotOverwritten) {
  const ScratchFolder scratch("scenes_lists");
  const auto precious = scratch.path() / "train/filenames.txt";
  WriteText(precious, "somebody's");
  EXPECT_NE(ErrorOf([&] { Write(scratch.path()); }).find("has not drawn it"), std::string::npos);
  EXPECT_EQ(ReadFile(precious), "somebody's");
}

TEST_F(SceneSet, LoadsAsCub) {
  const ScratchFolder scratch("scenes");
  Write(scratch.path());
  const auto splits = ReadCub({.root = scratch.path(), .captions_per_image = 10, .skip_missing = false});
  ASSERT_EQ(splits.size(), 2u);
  EXPECT_EQ(splits[0].records.size(), 68u);
  EXPECT_EQ(splits[1].records.size(), 8u);
  const Json file = ReadJson(scratch.path() / "attributes.json");
  EXPECT_EQ(file.at("sided"), true);
  EXPECT_EQ(file.at("words").size(), kColourNames.size());
  std::set<std::string> names;
  for (const auto& split : splits)
    for (const auto& record : split.records) {
      names.insert(record.id.substr(4, record.id.find('/') - 4));
      const auto& facts = file.at("images").at(record.id);
      EXPECT_EQ(facts.at("colours").size(), file.at("parts").size());
      EXPECT_EQ(facts.at("asked").size(), record.captions.size());
    }
  EXPECT_EQ(names.size(), 72u);
}

TEST_F(SceneSet, IsAFunctionOfTheSeed) {
  const ScratchFolder a("scenes_a"), b("scenes_b");
  Write(a.path());
  Write(b.path());
  EXPECT_EQ(ReadFile(a.path() / "attributes.json"), ReadFile(b.path() / "attributes.json"));
  EXPECT_EQ(ReadFile(a.path() / "CUB_200_2011/bounding_boxes.txt"),
            ReadFile(b.path() / "CUB_200_2011/bounding_boxes.txt"));
}

}  // namespace
}  // namespace helio::dataio
