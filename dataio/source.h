#pragma once
#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "dataio/shard.h"
#include "dataio/text.h"
#include "src/base/error.h"

namespace helio::dataio {

// A picture of a source with its captions, before it is decoded.
struct SourceRecord {
  std::string id;  // its name in the source without the suffix, folders included; unique in the set; UTF-8
  std::filesystem::path image;
  std::vector<std::string> captions;
  int64_t class_id = -1;                     // -1: the set has no classes
  std::array<double, 4> box = {0, 0, 0, 0};  // x, y, width, height; zeros: none
  std::vector<KeyPoint> key_points = {};     // one for each of the split's names
  bool wordless = false;                     // a caption of it was left out, as it holds no word
  bool has_box() const { return box[2] > 0 && box[3] > 0; }
};

struct SourceSplit {
  std::string name;  // "train", "test"; "val" where the source has both a val and a test split
  std::vector<SourceRecord> records;
  std::vector<std::string> key_point_names = {};  // CUB: 15, "back" to "throat"
};

struct SourceOptions {
  std::filesystem::path root;
  int captions_per_image = 10;  // at most; 0: all
  bool skip_missing = false;
  bool captions = true;     // false: pictures alone; captions that are there are passed over
  std::string domain = {};  // of a root that holds several side by side (trainA, trainB): which of them
  WordRule words = WordRule::kAscii;  // a caption without a word by this rule is none
};

// Sources. All throw Error{kUser} or {kData} naming the file and what to do; single records that cannot be
// used are complaints. What is left out, and what made the splits, is logged. docs/layouts.md shows a tree of
// each.

// CUB-200-2011 as published with AttnGAN's captions: root/CUB_200_2011 (or root itself), root/text, and
// root/{train,test}/filenames.txt or filenames.pickle for the class-disjoint split; without them
// train_test_split.txt. Key points from parts/parts.txt and parts/part_locs.txt, where they are.
std::vector<SourceSplit> ReadCub(const SourceOptions& options);

// MS-COCO: root/annotations/captions_{train,val}{2014,2017}.json with the image folders of that name. val is
// split "test"; where both years are there, 2014 is read, the published split.
std::vector<SourceSplit> ReadCoco(const SourceOptions& options);

// A user's folder, in whichever of the layouts of dataio/layouts it is. Where root/trainA and root/trainB are
// (CycleGAN's sets), `domain` says which one; its pictures are those of train<domain> and test<domain>.
std::vector<SourceSplit> ReadFolder(const SourceOptions& options);

}  // namespace helio::dataio
