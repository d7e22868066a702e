#include "dataio/synth/captions.h"

#include <algorithm>
#include <map>

#include "dataio/synth/palette.h"
#include "dataio/synth/phrase.h"

namespace helio::dataio {
namespace {

constexpr const char* kNouns[] = {"bird",   "bird",    "bird",    "birdie", "songbird", "finch", "creature",
                                  "animal", "sparrow", "warbler", "robin",  "wren",     "chick"};
constexpr const char* kAdjectives[] = {"small",  "tiny",   "little",   "cute",     "pretty", "beautiful",
                                       "lovely", "round",  "plump",    "colorful", "bright", "young",
                                       "fluffy", "gentle", "charming", "elegant",  "happy",  "quiet"};
constexpr const char* kHeads[] = {"head", "head", "crown", "face", "cap"};
constexpr const char* kWings[] = {"wings", "wings", "wing", "feathers"};
constexpr const char* kBellies[] = {"belly", "belly", "breast", "chest", "underside", "stomach"};
constexpr const char* kBodies[] = {"body", "body", "back", "torso"};
constexpr const char* kAnd[] = {"and", "and", "and", "plus", "along with"};

// What a template's {name} may become; {bird}, {parts} and {told} are built from the colours.
const std::map<std::string, std::vector<const char*>, std::less<>> kChoices = {
    {"has", {"with", "with", "that has", "which has", "having", "showing"}},
    {"this", {"this", "a", "the", "that", "one"}},
    {"there",
     {"there is a", "we see a", "here sits a", "a picture of a", "look at this", "a photo of a",
      "i can see a", "this is a", "somebody drew a"}},
    {"where",
     {"on a branch", "on its perch", "seen from the side", "in the garden", "standing still",
      "resting outdoors", "under the sky", "near some trees"}},
};

constexpr const char* kTemplates[] = {
    "{this} {bird} has {parts}",
    "{this} {bird} {has} {parts}",
    "{this} {bird} , {told}",
    "{this} {bird} shows {parts}",
    "{this} {bird} {where} has {parts}",
    "{this} {bird} {where} , {told}",
    "{this} {bird} can be told by {parts}",
    "{there} {bird} {has} {parts}",
    "{there} {bird} {where} {has} {parts}",
    "{there} {bird} , {told}",
    "a {bird} {has} {parts}",
    "a {bird} {has} {parts}",
    "a {bird} , {told}",
    "a {bird} {where} , {told}",
    "{bird} {has} {parts}",
    "{bird} {has} {parts} {where}",
    "{bird} {where} {has} {parts}",
    "{where} is a {bird} {has} {parts}",
    "{where} , a {bird} shows {parts}",
    "{parts} mark this {bird}",
    "{parts} belong to this {bird}",
    "{parts} on a {bird}",
    "{parts} make this a handsome {bird}",
    "{told} , what a {bird}",
    "notice {parts} on this {bird}",
    "the {bird} wears {parts}",
    "it is a {bird} {has} {parts}",
    "its name is unknown but the {bird} has {parts}",
};

Words NamesOf(int part) {
  switch (part) {
    case kHead:
      return kHeads;
    case kWing:
      return kWings;
    case kBelly:
      return kBellies;
    default:
      return kBodies;
  }
}

// "a red head", "blue wings", "wings that are blue", "a red colored head"
std::string Attribute(RandomStream& random, int part, const std::string& colour) {
  const std::string name = Pick(random, NamesOf(part));
  const std::string article = name == "wings" || name == "feathers" ? "" : "a ";
  switch (random.Below(8)) {
    case 0:
      return article + colour + " colored " + name;
    case 1:
      return Text({article, name, article.empty() ? " that are " : " that is ", colour});
    default:
      return Text({article, colour, " ", name});
  }
}

// "its head is red"
std::string Sentence(RandomStream& random, int part, const std::string& colour, const char* owner) {
  const std::string name = Pick(random, NamesOf(part));
  return Text({owner, " ", name, name == "wings" || name == "feathers" ? " are " : " is ", colour});
}

std::string Join(RandomStream& random, const std::vector<std::string>& parts) {
  std::string text;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) text += i + 1 == parts.size() ? Text({" ", Pick(random, kAnd), " "}) : ", ";
    text += parts[i];
  }
  return text;
}

std::vector<int> ChooseParts(RandomStream& random) {
  std::vector<int> parts = {kHead, kWing, kBelly, kBody};
  for (size_t i = 3; i > 0; --i)
    std::swap(parts[i], parts[static_cast<size_t>(random.Below(static_cast<int64_t>(i) + 1))]);
  const double draw = random.Unit();
  parts.resize(draw < .05 ? 2 : draw < .25 ? 3 : 4);
  return parts;
}

// What the placeholders of a template stand for in one caption.
struct Content {
  std::string bird, parts, told;
};

Content DrawContent(RandomStream& random, std::vector<int> parts, const BirdColours& colours) {
  const auto colour = [&](int part) {
    return std::string(kColourNames[static_cast<size_t>(colours[static_cast<size_t>(part)])]);
  };
  const std::string adjective = random.Below(3) == 0 ? "" : Text({Pick(random, kAdjectives), " "});
  const std::string noun = Pick(random, kNouns);
  // A bird may be called by its body's colour: "a small red bird with ...".
  std::string subject = Text({adjective, noun});
  const auto body = std::find(parts.begin(), parts.end(), static_cast<int>(kBody));
  if (body != parts.end() && random.Below(2) == 0) {
    subject = Text({adjective, colour(kBody), " ", noun});
    parts.erase(body);
  }
  std::vector<std::string> phrases, sentences;
  for (const int part : parts) {
    phrases.push_back(Attribute(random, part, colour(part)));
    sentences.push_back(Sentence(random, part, colour(part), "its"));
  }
  return {subject, Join(random, phrases), Join(random, sentences)};
}

std::string Filling(RandomStream& random, std::string_view name, const Content& content) {
  if (name == "bird") return content.bird;
  if (name == "parts") return content.parts;
  if (name == "told") return content.told;
  return Pick(random, kChoices.find(name)->second);
}

}  // namespace

DrawnCaption DescribeBird(const BirdColours& colours, uint64_t key) {
  RandomStream random(key);
  const auto parts = ChooseParts(random);
  DrawnCaption caption;
  do {
    const auto content = DrawContent(random, parts, colours);
    caption.text = WithArticles(
        Fill(Pick(random, kTemplates), [&](auto name) { return Filling(random, name, content); }));
  } while (CountWords(caption.text) > kMaxCaptionWords);
  caption.asked.assign(kPartNames.size(), -1);
  for (const int part : parts) caption.asked[static_cast<size_t>(part)] = colours[static_cast<size_t>(part)];
  return caption;
}

}  // namespace helio::dataio
