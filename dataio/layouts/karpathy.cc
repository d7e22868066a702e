#include "dataio/json_fields.h"
#include "dataio/layouts/layout.h"
#include "dataio/layouts/row_gatherer.h"
#include "dataio/layouts/table_forms.h"
#include "dataio/text_file.h"
#include "src/base/json.h"

// Karpathy's splits (dataset_coco.json, dataset_flickr8k.json, dataset_flickr30k.json):
// {"images": [{"filename", "filepath" (COCO), "split", "sentences": [{"raw"}]}]}; other people's may lack the
// split.
namespace helio::dataio {
namespace fs = std::filesystem;
namespace {

bool LooksLikeKarpathy(const fs::path& file) {
  const auto text = BeginningOf(file);
  const auto has = [&](const char* key) { return text.find(key) != std::string::npos; };
  return has("\"images\"") && has("\"sentences\"") && has("\"filename\"");
}

fs::path KarpathyFile(const FileTree& tree) {
  for (const auto& file : tree.others)
    if (SuffixOf(file) == ".json" && IsInUpperLevels(file) && LooksLikeKarpathy(tree.root / file))
      return file;
  return {};
}

std::string SeeKarpathy(const FileTree& tree) { return KarpathyFile(tree).string(); }

TableRow RowOfImage(const Json& image, const std::string& where) {
  TableRow row{.picture = JsonField<std::string>(image, "filename", where), .where = where};
  if (image.contains("split")) row.split = JsonField<std::string>(image, "split", where);
  if (image.contains("filepath"))
    row.picture = (fs::path(JsonField<std::string>(image, "filepath", where)) / row.picture).string();
  for (const auto& sentence : ListField(image, "sentences", where))
    row.captions.push_back(JsonField<std::string>(sentence, "raw", where));
  return row;
}

void ReadKarpathy(const FileTree& tree, SourceReading& reading) {
  const PictureIndex index(tree);
  const SplitRule rule(tree, index, reading.complaints());
  RowGatherer gatherer(tree, reading, rule);
  const auto file = (tree.root / KarpathyFile(tree)).string();
  const Json json = ParseJson(ReadText(file), file);
  int64_t number = 0;
  for (const auto& image : ListField(json, "images", file)) {
    const auto where = file + " image " + std::to_string(++number);
    reading.complaints().Try([&] {
      const auto row = RowOfImage(image, where);
      gatherer.Add(row, index.Find(row.picture), "");
    });
  }
  gatherer.Finish();
  reading.AreRead({KarpathyFile(tree)});
}

}  // namespace

Layout Karpathy() { return {"Karpathy's JSON", &SeeKarpathy, &ReadKarpathy}; }

}  // namespace helio::dataio
