#include "dataio/synth/captions.h"

#include <algorithm>
#include <span>
#include <vector>

#include "src/base/random.h"

namespace helio::dataio {
namespace {

using Words = std::span<const char* const>;

constexpr const char* kNouns[] = {"bird",  "bird",     "bird",   "birdie",  "songbird",
                                  "finch", "creature", "animal", "sparrow", "warbler"};
constexpr const char* kAdjectives[] = {"small",  "tiny",  "little", "cute",     "pretty", "beautiful",
                                       "lovely", "round", "plump",  "colorful", "bright", "young"};
constexpr const char* kHeads[] = {"head", "head", "crown", "face", "cap"};
constexpr const char* kWings[] = {"wings", "wings", "wing", "feathers"};
constexpr const char* kBellies[] = {"belly", "belly", "breast", "chest", "underside", "stomach"};
constexpr const char* kBodies[] = {"body", "body", "back", "torso"};
constexpr const char* kHas[] = {"with", "with", "that has", "which has", "having", "showing"};
constexpr const char* kThis[] = {"this", "a", "the", "that", "one"};
constexpr const char* kThere[] = {"there is a",   "we see a",     "here sits a", "a picture of a",
                                  "look at this", "a photo of a", "i can see a", "this is a"};
constexpr const char* kAnd[] = {"and", "and", "and", "plus", "along with"};
constexpr const char* kTails[] = {"on a branch",   "on its perch",   "seen from the side",
                                  "in the garden", "standing still", "resting outdoors"};
constexpr size_t kMaxWords = 18;

std::string Text(std::initializer_list<std::string_view> pieces) {
  std::string text;
  for (const auto piece : pieces) text += piece;
  return text;
}

std::string Pick(RandomStream& random, Words words) {
  return words[static_cast<size_t>(random.Below(static_cast<int64_t>(words.size())))];
}

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

// One of the sentence patterns, with the named parts in the order given.
std::string Compose(RandomStream& random, std::vector<int> parts, const BirdColours& colours) {
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
  const auto listed = Join(random, phrases), told = Join(random, sentences), has = Pick(random, kHas);
  switch (random.Below(6)) {
    case 0:
      return Text({Pick(random, kThis), " ", subject, " has ", listed});
    case 1:
      return Text({Pick(random, kThere), " ", subject, " ", has, " ", listed});
    case 2:
      return Text({listed, " mark this ", subject});
    case 3:
      return Text({Pick(random, kThis), " ", subject, " , ", told});
    case 4:
      return Text({subject, " ", has, " ", listed, " ", Pick(random, kTails)});
    default:
      return Text({"a ", subject, " ", has, " ", listed});
  }
}

size_t CountWords(const std::string& text) {
  size_t words = 0;
  bool inside = false;
  for (const char c : text) {
    const bool letter = c >= 'a' && c <= 'z';
    words += letter && !inside;
    inside = letter;
  }
  return words;
}

}  // namespace

BirdCaption DescribeBird(const BirdColours& colours, uint64_t key) {
  RandomStream random(key);
  const auto parts = ChooseParts(random);
  BirdCaption caption;
  do {
    caption.text = Compose(random, parts, colours);
  } while (CountWords(caption.text) > kMaxWords);
  caption.asked.fill(-1);
  for (const int part : parts) caption.asked[static_cast<size_t>(part)] = colours[static_cast<size_t>(part)];
  return caption;
}

}  // namespace helio::dataio
