#include "dataio/synth/drawn_set.h"

#include <algorithm>
#include <fstream>
#include <set>

#include "dataio/packer.h"
#include "dataio/synth/palette.h"
#include "dataio/synth/subject.h"
#include "src/base/file_system.h"
#include "src/base/json.h"
#include "src/base/log.h"
#include "src/base/random.h"

namespace helio::dataio {
namespace fs = std::filesystem;
namespace {

constexpr int kCaptions = 10;

struct DrawnClass {
  Facts facts;
  std::string name;  // "001.red_blue_white_black"
  bool test = false;
  int64_t images = 0;
};

// All orders of `families` sets of four different colours, shuffled; the last `test_classes` are held out.
std::vector<DrawnClass> MakeClasses(const DrawnSetOptions& options, const Subject& subject) {
  std::vector<FourColours> sets;
  for (int mask = 0; mask < 256; ++mask) {
    FourColours set{};
    size_t size = 0;
    for (int colour = 0; colour < 8; ++colour)
      if ((mask >> colour & 1) != 0 && size++ < 4) set[size - 1] = colour;
    if (size == 4) sets.push_back(set);
  }
  RandomStream random(RandomKey(options.seed, "bird_classes"));
  const auto shuffle = [&random](auto& items) {
    for (size_t i = items.size() - 1; i > 0; --i)
      std::swap(items[i], items[static_cast<size_t>(random.Below(static_cast<int64_t>(i) + 1))]);
  };
  shuffle(sets);
  std::vector<DrawnClass> classes;
  for (int family = 0; family < options.families; ++family) {
    auto order = sets[static_cast<size_t>(family)];
    do classes.push_back({subject.FactsOf(order, family), "", false, 0});
    while (std::next_permutation(order.begin(), order.end()));
  }
  shuffle(classes);
  return classes;
}

void NameAndSplit(std::vector<DrawnClass>& classes, const DrawnSetOptions& options, const Subject& subject) {
  const auto train_classes = static_cast<int64_t>(classes.size()) - options.test_classes;
  if (train_classes < 1)
    ThrowUser("leaves none of the " + std::to_string(classes.size()) + " classes for training",
              "--test_classes", "fewer of them, or more --families");
  const int64_t train_images = options.images - options.test_classes * options.test_images;
  if (train_images < train_classes)
    ThrowUser("too few images for " + std::to_string(classes.size()) + " classes", "--images",
              "at least " + std::to_string(train_classes + options.test_classes * options.test_images));
  for (size_t i = 0; i < classes.size(); ++i) {
    auto& drawn = classes[i];
    const auto index = static_cast<int64_t>(i);
    drawn.test = index >= train_classes;
    drawn.images = drawn.test ? options.test_images
                              : train_images / train_classes + (index < train_images % train_classes);
    char number[32];
    std::snprintf(number, sizeof number, "%03zu.", i + 1);
    drawn.name = number + subject.NameOf(drawn.facts);
  }
}

void WriteText(const fs::path& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary);
  out << text;
  if (!out.flush()) throw Error(ErrorKind::kSystem, "cannot be written", path.string(), "is the disk full?");
}

// What accumulates over the set while pictures are written.
struct DrawnLists {
  std::string images, boxes, points, labels, classes, split, train, test;
  Json pictures = Json::object();
};

// With one decimal, as CUB writes them.
std::string Decimals(std::initializer_list<double> values) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(1);
  for (const double value : values) text << (text.tellp() > 0 ? " " : "") << value;
  return text.str();
}

void WritePicture(const fs::path& root, const DrawnClass& its_class, int64_t number, int64_t id,
                  size_t class_id, const DrawnSetOptions& options, const Subject& subject,
                  DrawnLists& lists) {
  const std::string key = its_class.name + "/" + subject.noun() + "_" + std::to_string(number + 1);
  const auto drawn =
      subject.Draw(its_class.facts, options.side, RandomKey(options.seed, subject.noun(), {id}));
  const auto jpeg = EncodeJpeg(InStyle(drawn.image, options.style));
  WriteText(root / "CUB_200_2011/images" / (key + ".jpg"), {jpeg.begin(), jpeg.end()});
  Json asked = Json::array();
  std::string captions;
  for (int i = 0; i < kCaptions; ++i) {
    const auto caption = subject.Describe(its_class.facts, RandomKey(options.seed, "caption", {id, i}));
    captions += caption.text + "\n";
    asked.push_back(caption.asked);
  }
  WriteText(root / "text" / (key + ".txt"), captions);
  const std::string line = std::to_string(id) + " ";
  lists.images += line + key + ".jpg\n";
  lists.boxes += line + Decimals({drawn.box.x, drawn.box.y, drawn.box.width, drawn.box.height}) + "\n";
  for (size_t i = 0; i < drawn.points.size(); ++i)
    lists.points += line + std::to_string(i + 1) + " " + Decimals({drawn.points[i].x, drawn.points[i].y}) +
                    (drawn.points[i].visible ? " 1\n" : " 0\n");
  lists.labels += line + std::to_string(class_id) + "\n";
  lists.split += line + (its_class.test ? "0\n" : "1\n");
  (its_class.test ? lists.test : lists.train) += key + "\n";
  lists.pictures[key] = {{"colours", its_class.facts}, {"asked", asked}};
}

void WriteLists(const fs::path& root, const Subject& subject, const DrawnLists& lists) {
  const auto cub = root / "CUB_200_2011";
  WriteText(cub / "images.txt", lists.images);
  WriteText(cub / "bounding_boxes.txt", lists.boxes);
  WriteText(cub / "image_class_labels.txt", lists.labels);
  fs::create_directories(cub / "parts");
  std::string points;
  for (size_t i = 0; i < kPointNames.size(); ++i)
    points += std::to_string(i + 1) + " " + std::string(kPointNames[i]) + "\n";
  WriteText(cub / "parts/parts.txt", points);
  WriteText(cub / "parts/part_locs.txt", lists.points);
  WriteText(cub / "classes.txt", lists.classes);
  WriteText(cub / "train_test_split.txt", lists.split);
  for (const auto& [split, names] : {std::pair("train", &lists.train), std::pair("test", &lists.test)}) {
    fs::create_directories(root / split);
    WriteText(root / split / "filenames.txt", *names);
  }
  Json words = Json::object();
  for (size_t i = 0; i < kColourNames.size(); ++i) words[std::string(kColourNames[i])] = i;
  Json attributes = {{"parts", subject.parts()}, {"colours", subject.values()}, {"words", words}};
  if (subject.sided()) attributes["sided"] = true;
  attributes["images"] = lists.pictures;
  WriteFileAtomically(root / "attributes.json", attributes.dump());
}

// What lies there goes if it was drawn. Of one that was interrupted the mark tells: attributes.json comes
// last.
void ClearDrawnSet(const fs::path& root) {
  const auto mark = root / ".helio-synth";
  const bool drawn = Exists(mark) || Exists(root / "attributes.json");
  for (const char* name : {"CUB_200_2011", "text", "train/filenames.txt", "test/filenames.txt"}) {
    if (!drawn && Exists(root / name))
      ThrowUser("is there, and helio-synth has not drawn it", (root / name).string(), "choose another --out");
  }
  MakeFolders(root);
  WriteText(mark, "");
  RemoveTree(root / "CUB_200_2011");
  RemoveTree(root / "text");
}

}  // namespace

void WriteDrawnSet(const fs::path& root, const DrawnSetOptions& options) {
  if (options.families < 3 || options.families > 70) ThrowUser("must be 3 to 70", "--families");
  if (options.side < 32 || options.side > 1024) ThrowUser("must be 32 to 1024", "--side");
  const auto subject = options.scene ? MakeSceneSubject(options.seed) : MakeBirdSubject(options.stance);
  auto classes = MakeClasses(options, *subject);
  NameAndSplit(classes, options, *subject);
  const PackFolder alone(root);
  ClearDrawnSet(root);
  DrawnLists lists;
  int64_t id = 0;
  for (size_t i = 0; i < classes.size(); ++i) {
    fs::create_directories(root / "CUB_200_2011/images" / classes[i].name);
    fs::create_directories(root / "text" / classes[i].name);
    lists.classes += std::to_string(i + 1) + " " + classes[i].name + "\n";
    for (int64_t number = 0; number < classes[i].images; ++number)
      WritePicture(root, classes[i], number, ++id, i + 1, options, *subject, lists);
  }
  WriteLists(root, *subject, lists);
  LOG(INFO) << "drew " << id << " " << subject->noun() << "s of " << classes.size() << " classes ("
            << options.test_classes << " held out) into " << root.string();
}

}  // namespace helio::dataio
