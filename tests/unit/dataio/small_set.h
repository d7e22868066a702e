#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "dataio/image.h"
#include "dataio/packer.h"
#include "dataio/source.h"
#include "tests/support/error_of.h"
#include "tests/support/scratch_folder.h"

namespace helio::dataio {

// Writes text, and the folders above it.
void WriteText(const std::filesystem::path& path, const std::string& text);

// A colour gradient that depends on `shade`.
Image Gradient(int width, int height, int shade);

// That, as a JPEG file.
void WritePicture(const std::filesystem::path& path, int shade = 0, int width = 40, int height = 32);

// Three birds of two classes in the published layout: `root`/CUB_200_2011 and `root`/text.
void WriteSmallCub(const std::filesystem::path& root);

// Reads everything that a shard has.
void ReadAll(const Shard& shard);

// Pictures in `folder` and a split of them: record i has i % 3 + 1 captions of different lengths.
SourceSplit SmallSplit(const std::filesystem::path& folder, const std::string& name, int64_t records);

// Options for such splits: side 24, 4 records a shard, one worker.
PackOptions SmallOptions(const std::filesystem::path& out);

// Packs `records` pictures as the split "train" under `folder`/packed; the path of the data set.
std::filesystem::path PackSmallSet(const std::filesystem::path& folder, int64_t records);

}  // namespace helio::dataio
