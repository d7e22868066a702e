#include "dataio/synth/scene_captions.h"

#include <vector>

#include "dataio/synth/phrase.h"

namespace helio::dataio {
namespace {

// {l} and {r} stand on the left and on the right.
constexpr const char* kSceneTemplates[] = {
    "{l} to the left of {r}",
    "{l} , to the left of {r}",
    "{l} , left of {r}",
    "{l} , just left of {r}",
    "{r} to the right of {l}",
    "{r} , to the right of {l}",
    "{r} , right of {l}",
    "{r} , just right of {l}",
    "{l} on the left and {r} on the right",
    "{r} on the right and {l} on the left",
    "{l} on the left beside {r}",
    "{r} on the right beside {l}",
    "{l} on the left next to {r}",
    "{r} on the right next to {l}",
    "{l} , and on the right {r}",
    "{r} , and on the left {l}",
    "on the left {l} , on the right {r}",
    "on the right {r} , on the left {l}",
    "on the left {l} beside {r}",
    "on the right {r} beside {l}",
    "left {l} , right {r}",
    "right {r} , left {l}",
    "from left to right {l} and {r}",
    "from right to left {r} and {l}",
    "to the left of {r} {see} {l}",
    "to the right of {l} {see} {r}",
    "{see} {l} , left of {r}",
    "{see} {r} , right of {l}",
};
constexpr const char* kSee[] = {"we see", "i see", "you can see", "notice"};

constexpr const char* kFullBirds[] = {
    "a {turned}{body} {bird} with {wings} wings{looking}",
    "a {turned}{body} {bird} with {wings} wings{looking}",
    "a {turned}{body} {bird}{looking} with {wings} wings",
    "a {turned}{body} {bird}{looking} that has {wings} wings",
    "a {turned}{wings} winged {body} {bird}{looking}",
    "a {turned}{bird} with {wings} wings and a {body} body{looking}",
};
constexpr const char* kBodyBirds[] = {"a {turned}{body} {bird}{looking}",
                                      "a {turned}{bird} with a {body} body{looking}"};
constexpr const char* kWingsBirds[] = {"a {turned}{wings} winged {bird}{looking}",
                                       "a {turned}{bird} with {wings} wings{looking}"};
constexpr const char* kSceneNouns[] = {"bird", "bird", "bird", "songbird", "finch", "sparrow", "chick"};
constexpr const char* kSceneAdjectives[] = {"small ", "little ", "tiny ", "plump ", "cute ", "pretty "};
constexpr const char* kLooking[] = {" looking ", " facing ", " looking to the ", " facing the "};
constexpr const char* kPerches[] = {"branch", "perch", "stick"};

bool Chance(RandomStream& random, double probability) { return random.Unit() < probability; }

// Most of the facts: -1 where the caption is silent. One thing's article counts it.
std::vector<int> ChooseAsked(const SceneFacts& facts, RandomStream& random) {
  std::vector<int> asked(facts.begin(), facts.end());
  for (const size_t first : {kLeftBody, kRightBody}) {
    if (Chance(random, .15)) asked[first + (Chance(random, .6) ? kSceneWings : kSceneBody)] = -1;
    if (Chance(random, .2)) asked[first + kSceneLooks] = -1;
  }
  if (Chance(random, .08)) asked[kThingsColour] = -1;
  if (Chance(random, .1) && facts[kCount] != kOneThing) asked[kCount] = -1;
  if (Chance(random, .15)) asked[kPerch] = -1;
  for (int& value : asked)
    if (value == kAbsent) value = -1;
  return asked;
}

// The bird whose parts begin at `first`; where it looks, if `say_looks`.
std::string BirdPhrase(RandomStream& random, const std::vector<int>& asked, size_t first, bool say_looks) {
  const int body = asked[first + kSceneBody], wings = asked[first + kSceneWings],
            looks = say_looks ? asked[first + kSceneLooks] : -1;
  const bool before = Chance(random, .25);
  const auto filling = [&](std::string_view name) -> std::string {
    if (name == "body") return NameOfValue(body);
    if (name == "wings") return NameOfValue(wings);
    if (name == "bird") return Pick(random, kSceneNouns);
    if (name == "looking") return looks < 0 || before ? "" : Pick(random, kLooking) + NameOfValue(looks);
    const std::string adjective = Chance(random, .2) ? Pick(random, kSceneAdjectives) : "";
    return looks < 0 || !before ? adjective : adjective + NameOfValue(looks) + " facing ";
  };
  const Words forms = wings < 0 ? Words(kBodyBirds) : body < 0 ? Words(kWingsBirds) : Words(kFullBirds);
  return Fill(Pick(random, forms), filling);
}

// "two red balls", "some balls", "a flower that is red"
std::string ThingsPhrase(RandomStream& random, const SceneFacts& facts, const std::vector<int>& asked) {
  const bool one = facts[kCount] == kOneThing;
  const std::string noun = NameOfValue(facts[kThings]) + (one ? "" : "s");
  const std::string count = one                 ? Chance(random, .25) ? "one" : "a"
                            : asked[kCount] < 0 ? "some"
                                                : NameOfValue(asked[kCount]);
  if (asked[kThingsColour] < 0) return Text({count, " ", noun});
  const std::string colour = NameOfValue(asked[kThingsColour]);
  if (Chance(random, .15)) return Text({count, " ", noun, one ? " that is " : " that are ", colour});
  return Text({count, " ", colour, " ", noun});
}

std::string LooksOfBoth(RandomStream& random, int left, int right) {
  if (left == right) return Text({" , both", Pick(random, kLooking), NameOfValue(left)});
  return left == kLooksRight ? " , facing each other" : " , facing away from each other";
}

// The scene, and the perch or where both birds look before or behind it.
std::string SceneSentence(RandomStream& random, const SceneFacts& facts, const std::vector<int>& asked) {
  const bool both = asked[kLeftLooks] >= 0 && asked[kRightLooks] >= 0 && Chance(random, .4);
  const auto standing = [&](size_t first) {
    return facts[first] == kAbsent ? ThingsPhrase(random, facts, asked)
                                   : BirdPhrase(random, asked, first, !both);
  };
  const auto sentence = Fill(Pick(random, kSceneTemplates), [&](std::string_view name) {
    if (name == "see") return Pick(random, kSee);
    return standing(name == "l" ? kLeftBody : kRightBody);
  });
  if (both) return sentence + LooksOfBoth(random, asked[kLeftLooks], asked[kRightLooks]);
  if (asked[kPerch] < 0) return sentence;
  const std::string perch = NameOfValue(asked[kPerch]), noun = Pick(random, kPerches);
  if (Chance(random, .25)) return Text({sentence, " , the ", noun, " is ", perch});
  const std::string place = Text({"on a ", perch, " ", noun});
  return Chance(random, .25) ? Text({place, " , ", sentence}) : Text({sentence, " , ", place});
}

}  // namespace

DrawnCaption DescribeScene(const SceneFacts& facts, uint64_t key) {
  RandomStream random(key);
  DrawnCaption caption;
  do {
    caption.asked = ChooseAsked(facts, random);
    caption.text = WithArticles(SceneSentence(random, facts, caption.asked));
  } while (CountWords(caption.text) > kMaxCaptionWords);
  return caption;
}

}  // namespace helio::dataio
