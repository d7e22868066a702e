#include <gtest/gtest.h>

#include "dataio/pickle_list.h"
#include "dataio/text.h"
#include "src/base/file_system.h"
#include "tests/fuzz/mutation.h"
#include "tests/unit/dataio/small_set.h"

// Damaged sources of helio-pack, of which nothing is checked beforehand: each is read or refused in one line.
namespace helio::dataio {
namespace {

namespace fs = std::filesystem;

class SourceFuzzTest : public testing::Test {
 protected:
  // Damages `file` again and again and does `step` with it.
  static void Fuzz(const fs::path& file, const std::function<void()>& step) {
    const std::string whole = ReadFile(file);
    EXPECT_FALSE(fuzz::Refused(step)) << file << " as it is";
    for (int64_t run = 0; run < fuzz::Runs(); ++run) {
      WriteText(file, fuzz::Damaged(whole, RandomKey(1, file.filename().string(), {run})));
      fuzz::Refused(step);
    }
    WriteText(file, whole);
  }

  void DrawCub() const {
    WriteSmallCub(root_);
    WriteText(root_ / "CUB_200_2011/parts/parts.txt", "1 back\n2 left eye\n");
    WriteText(root_ / "CUB_200_2011/parts/part_locs.txt", "2 2 312.5 182.0 1\n2 1 0.0 0.0 0\n");
  }

  const ScratchFolder scratch_{"source_fuzz"};
  const fs::path root_ = scratch_.path();
};

TEST_F(SourceFuzzTest, CubLists) {
  DrawCub();
  for (const char* list : {"images.txt", "image_class_labels.txt", "bounding_boxes.txt",
                           "train_test_split.txt", "classes.txt", "parts/parts.txt", "parts/part_locs.txt"})
    Fuzz(root_ / "CUB_200_2011" / list, [&] { ReadCub({.root = root_, .skip_missing = true}); });
  Fuzz(root_ / "text/001.A/a1.txt", [&] { ReadCub({.root = root_, .skip_missing = true}); });
}

TEST_F(SourceFuzzTest, CocoJson) {
  for (const char* part : {"train", "val"}) {
    WritePicture(root_ / (std::string(part) + "2014") / "1.jpg");
    WriteText(root_ / ("annotations/captions_" + std::string(part) + "2014.json"),
              R"({"images": [{"id": 1, "file_name": "1.jpg", "width": 40, "height": 32}],
                  "annotations": [{"image_id": 1, "id": 7, "caption": "A bus\nstands."},
                                  {"image_id": 1, "id": 8, "caption": "Two \u00e9 buses"}]})");
  }
  Fuzz(root_ / "annotations/captions_train2014.json",
       [&] { ReadCoco({.root = root_, .skip_missing = true}); });
}

TEST_F(SourceFuzzTest, FolderJsonl) {
  WritePicture(root_ / "a.jpg");
  WriteText(
      root_ / "captions.jsonl",
      R"({"image": "a.jpg", "captions": ["a bird"], "class": 3, "box": [1, 2, 30, 20], "split": "train"})"
      "\n");
  Fuzz(root_ / "captions.jsonl", [&] { ReadFolder({.root = root_, .skip_missing = true}); });
}

// What Python 2 wrote of ["001.A/a1", "b"], protocol 0 and protocol 2.
TEST_F(SourceFuzzTest, Pickles) {
  const std::string pickles[] = {"(lp0\nS'001.A/a1'\np1\naS'b'\np2\na.", std::string("\x80\x02]q\x01(U\x08"
                                                                                     "001.A/a1q\x02U\x01"
                                                                                     "bq\x03"
                                                                                     "e.",
                                                                                     25)};
  for (const auto& pickle : pickles) {
    WriteText(root_ / "list.pickle", pickle);
    Fuzz(root_ / "list.pickle", [&] { ReadPickledStrings(root_ / "list.pickle"); });
  }
}

TEST_F(SourceFuzzTest, Vocabulary) {
  WriteText(root_ / "vocabulary.json", Vocabulary({"<end>", "bird", "red"}, "x").ToJson());
  Fuzz(root_ / "vocabulary.json", [&] { Vocabulary::Read(root_ / "vocabulary.json"); });
}

TEST_F(SourceFuzzTest, Pictures) {
  const auto jpeg = EncodeJpeg(Gradient(40, 32, 3));
  const std::string whole(jpeg.begin(), jpeg.end());
  for (int64_t run = 0; run < fuzz::Runs(); ++run) {
    const std::string bytes = fuzz::Damaged(whole, RandomKey(1, "jpeg", {run}));
    fuzz::Refused([&] {
      DecodeImage({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, "a.jpg");
    });
  }
}

}  // namespace
}  // namespace helio::dataio
