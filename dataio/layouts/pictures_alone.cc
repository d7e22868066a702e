#include "dataio/layouts/layout.h"
#include "dataio/split_rule.h"

namespace helio::dataio {
namespace {

std::string SeePictures(const FileTree& tree) {
  return tree.pictures.empty() ? "" : std::to_string(tree.pictures.size()) + " pictures";
}

void ReadPictures(const FileTree& tree, SourceReading& reading) {
  const PictureIndex index(tree);
  const SplitRule rule(tree, index, reading.complaints());
  reading.SplitsAreBy(rule.text());
  std::vector<std::string> unlisted;
  for (const auto& picture : tree.pictures)
    reading.complaints().Try([&] {
      const auto split = rule.Of(picture);
      if (split == "-") return unlisted.push_back(picture.string());
      SourceRecord record;
      record.id = WithoutPictureSuffix(picture);
      record.image = tree.root / picture;
      reading.Add(std::move(record), split);
    });
  reading.PassedOver("pictures that are in no list", unlisted);
}

}  // namespace

Layout PicturesAlone() { return {"pictures alone", &SeePictures, &ReadPictures}; }

}  // namespace helio::dataio
