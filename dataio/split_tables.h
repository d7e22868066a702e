#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "dataio/picture_index.h"

// Splits as tables and JSON say them, beside captions that lie elsewhere.
namespace helio::dataio {

struct SplitRow {
  std::string picture, split;  // "train", "test", "val"
  auto operator<=>(const SplitRow&) const = default;
};

// CelebA's list_eval_partition.txt, or Kaggle's .csv of it: 0, 1 and 2 are train, val and test. By its name.
bool IsPartitionOfCelebA(const std::filesystem::path& file);

// What `file` (.csv, .tsv or .json in the two upper levels of `root`) says of pictures that are there, each
// once; nothing where it is something else, or names less than half of the pictures and most of its rows
// others. It may be
// - CelebA's partition,
// - a table with a column of pictures and one of splits (split.csv),
// - a table with a column of pictures and none of captions, of which the file's name says the split and
// nothing else (train.csv, train_labels.csv; not train_fold1.csv, which is told as not read),
// - JSON whose name says a split, "split" or "partition": {"train": ["a.jpg", ...], ...}, {"a.jpg": "train",
// ...}, or ["a.jpg", ...] named as train.json. Throws Error{kData} if it looks like one of these and cannot
// be read.
std::vector<SplitRow> ReadSplitTable(const std::filesystem::path& root, const std::filesystem::path& file,
                                     const PictureIndex& index);

// Whether `file` gives names a split each, and several splits in all: it is no list of captions, though lines
// "a.jpg,train" look like one.
bool GivesSplits(const std::filesystem::path& file);

}  // namespace helio::dataio
