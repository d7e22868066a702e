#include "tests/unit/dataio/small_set.h"

#include <fstream>

namespace helio::dataio {
namespace fs = std::filesystem;

void WriteText(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

Image Gradient(int width, int height, int shade) {
  Image image(width, height);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      uint8_t* pixel = image.row(y) + 3 * x;
      pixel[0] = static_cast<uint8_t>(x * 255 / width);
      pixel[1] = static_cast<uint8_t>(y * 255 / height);
      pixel[2] = static_cast<uint8_t>(shade * 37);
    }
  return image;
}

void WritePicture(const fs::path& path, int shade, int width, int height) {
  const auto bytes = EncodeJpeg(Gradient(width, height, shade));
  WriteText(path, {bytes.begin(), bytes.end()});
}

void WriteSmallCub(const fs::path& root) {
  const auto cub = root / "CUB_200_2011";
  WriteText(cub / "images.txt", "1 001.A/a1.jpg\n2 001.A/a2.jpg\r\n3 002.B/b1.jpg\n");
  WriteText(cub / "image_class_labels.txt", "1 1\n2 1\n3 2\n");
  WriteText(cub / "bounding_boxes.txt", "1 1.0 2.0 30.0 20.0\n2 1.5 2.0 30.0 20.0\n3 1.0 2.0 30.0 20.0\n");
  WriteText(cub / "train_test_split.txt", "1 1\n2 0\n3 1\n");
  WriteText(cub / "classes.txt", "1 001.A\n2 002.B\n");
  for (const char* key : {"001.A/a1", "001.A/a2", "002.B/b1"}) {
    WritePicture(cub / "images" / (std::string(key) + ".jpg"));
    WriteText(root / "text" / (std::string(key) + ".txt"),
              std::string("a bird ") + key + "\n\nanother one\r\n...\n");
  }
}

void ReadAll(const Shard& shard) {
  for (int64_t i = 0; i < shard.size(); ++i) {
    for (int64_t c = 0; c < shard.Captions(i); ++c)
      shard.Text(i, c), shard.Tokens(i, c), shard.TokenCount(i, c);
    shard.Id(i), shard.Class(i), shard.Box(i), shard.KeyPoints(i), shard.Size(i);
    shard.ImageBytes(i);
  }
}

SourceSplit SmallSplit(const fs::path& folder, const std::string& name, int64_t records) {
  SourceSplit split{name, {}};
  for (int64_t i = 0; i < records; ++i) {
    SourceRecord record;
    record.id = name + std::to_string(i);
    record.image = folder / (record.id + ".jpg");
    WritePicture(record.image, static_cast<int>(i));
    std::string caption = "bird number" + std::to_string(i);
    for (int64_t c = 0; c <= i % 3; ++c) record.captions.push_back(caption += " is red and small");
    record.class_id = i % 2;
    split.records.push_back(std::move(record));
  }
  return split;
}

PackOptions SmallOptions(const fs::path& out) {
  return {.out = out, .side = 24, .shard_records = 4, .workers = 1, .vocabulary = {}};
}

fs::path PackSmallSet(const fs::path& folder, int64_t records) {
  const auto out = folder / "packed";
  PackDataset({SmallSplit(folder, "train", records)}, SmallOptions(out));
  return out;
}

}  // namespace helio::dataio
