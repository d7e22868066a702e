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
    reading.complaints().Try([&] { reading.AddPicture(picture, rule.Of(picture), "", unlisted); });
  reading.AreRead(rule.Lists());
  reading.PassedOver("pictures that are in no list", unlisted);
}

}  // namespace

Layout PicturesAlone() { return {"pictures alone", &SeePictures, &ReadPictures, false}; }

}  // namespace helio::dataio
