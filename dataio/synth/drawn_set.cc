#include "dataio/synth/drawn_set.h"

#include <fstream>

#include "dataio/packer.h"
#include "dataio/synth/drawn_classes.h"
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

// Draws the pictures of a set below its root, and at the end the lists of what it drew.
class DrawnSetWriter {
 public:
  DrawnSetWriter(const fs::path& root, const DrawnSetOptions& options, const Subject& subject)
      : root_(root), options_(options), subject_(subject) {}

  void WriteClass(const DrawnClass& drawn) {
    ++classes_;
    fs::create_directories(root_ / "CUB_200_2011/images" / drawn.name);
    fs::create_directories(root_ / "text" / drawn.name);
    lists_.classes += std::to_string(classes_) + " " + drawn.name + "\n";
    for (int64_t number = 1; number <= drawn.images; ++number)
      WritePicture(drawn, drawn.name + "/" + subject_.noun() + "_" + std::to_string(number));
  }

  void WriteLists() const {
    WriteCubLists();
    for (const auto& [split, names] : {std::pair("train", &lists_.train), std::pair("test", &lists_.test)}) {
      fs::create_directories(root_ / split);
      WriteText(root_ / split / "filenames.txt", *names);
    }
    WriteAttributes();
  }

  int64_t pictures() const { return pictures_; }

 private:
  // `key`: the file's name without what it ends with.
  void WritePicture(const DrawnClass& its_class, const std::string& key) {
    ++pictures_;
    const auto drawn =
        subject_.Draw(its_class.facts, options_.side, RandomKey(options_.seed, subject_.noun(), {pictures_}));
    const auto jpeg = EncodeJpeg(InStyle(drawn.image, options_.style));
    WriteText(root_ / "CUB_200_2011/images" / (key + ".jpg"), {jpeg.begin(), jpeg.end()});
    lists_.pictures[key] = {{"colours", its_class.facts}, {"asked", WriteCaptions(its_class, key)}};
    List(drawn, its_class, key);
  }

  // What each caption asks for.
  Json WriteCaptions(const DrawnClass& its_class, const std::string& key) const {
    Json asked = Json::array();
    std::string captions;
    for (int i = 0; i < kCaptions; ++i) {
      const auto caption =
          subject_.Describe(its_class.facts, RandomKey(options_.seed, "caption", {pictures_, i}));
      captions += caption.text + "\n";
      asked.push_back(caption.asked);
    }
    WriteText(root_ / "text" / (key + ".txt"), captions);
    return asked;
  }

  void List(const DrawnPicture& drawn, const DrawnClass& its_class, const std::string& key) {
    const std::string line = std::to_string(pictures_) + " ";
    lists_.images += line + key + ".jpg\n";
    lists_.boxes += line + Decimals({drawn.box.x, drawn.box.y, drawn.box.width, drawn.box.height}) + "\n";
    for (size_t i = 0; i < drawn.points.size(); ++i)
      lists_.points += line + std::to_string(i + 1) + " " + Decimals({drawn.points[i].x, drawn.points[i].y}) +
                       (drawn.points[i].visible ? " 1\n" : " 0\n");
    lists_.labels += line + std::to_string(classes_) + "\n";
    lists_.split += line + (its_class.test ? "0\n" : "1\n");
    (its_class.test ? lists_.test : lists_.train) += key + "\n";
  }

  void WriteCubLists() const {
    const auto cub = root_ / "CUB_200_2011";
    WriteText(cub / "images.txt", lists_.images);
    WriteText(cub / "bounding_boxes.txt", lists_.boxes);
    WriteText(cub / "image_class_labels.txt", lists_.labels);
    fs::create_directories(cub / "parts");
    std::string points;
    for (size_t i = 0; i < kPointNames.size(); ++i)
      points += std::to_string(i + 1) + " " + std::string(kPointNames[i]) + "\n";
    WriteText(cub / "parts/parts.txt", points);
    WriteText(cub / "parts/part_locs.txt", lists_.points);
    WriteText(cub / "classes.txt", lists_.classes);
    WriteText(cub / "train_test_split.txt", lists_.split);
  }

  void WriteAttributes() const {
    Json words = Json::object();
    for (size_t i = 0; i < kColourNames.size(); ++i) words[std::string(kColourNames[i])] = i;
    Json attributes = {{"parts", subject_.parts()}, {"colours", subject_.values()}, {"words", words}};
    if (subject_.sided()) attributes["sided"] = true;
    attributes["images"] = lists_.pictures;
    WriteFileAtomically(root_ / "attributes.json", attributes.dump());
  }

  const fs::path root_;
  const DrawnSetOptions& options_;
  const Subject& subject_;
  int64_t classes_ = 0, pictures_ = 0;  // so far: the latest one's number
  DrawnLists lists_;
};

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
  const auto classes = MakeClasses(options, *subject);
  const PackFolder alone(root);
  ClearDrawnSet(root);
  DrawnSetWriter writer(root, options, *subject);
  for (const auto& drawn : classes) writer.WriteClass(drawn);
  writer.WriteLists();
  LOG(INFO) << "drew " << writer.pictures() << " " << subject->noun() << "s of " << classes.size()
            << " classes (" << options.test_classes << " held out) into " << root.string();
}

}  // namespace helio::dataio
