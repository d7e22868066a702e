// COCO's annotation files and users' folders.
#include <algorithm>
#include <set>

#include "dataio/source.h"
#include "dataio/text.h"
#include "src/base/json.h"

namespace helio::dataio {
namespace fs = std::filesystem;
namespace {

// Newlines inside a caption are blanks.
std::string OneLine(std::string caption) {
  std::replace_if(
      caption.begin(), caption.end(), [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
  return caption;
}

void AddCaption(SourceRecord& record, const std::string& caption, int limit) {
  if (limit > 0 && static_cast<int>(record.captions.size()) >= limit) return;
  if (!Tokenize(caption).empty()) record.captions.push_back(OneLine(caption));
}

void CheckRecord(SourceRecord record, SourceSplit& split, Complaints& complaints) {
  if (!fs::exists(record.image)) return complaints.Add(record.image.string() + " is missing");
  if (record.captions.empty()) return complaints.Add(record.image.string() + " has no caption");
  split.records.push_back(std::move(record));
}

SourceSplit ReadCocoSplit(const fs::path& annotations, const fs::path& images, const std::string& name,
                          const SourceOptions& options, Complaints& complaints) {
  const std::string where = annotations.string();
  const Json json = ReadJson(annotations);
  std::map<int64_t, SourceRecord> records;
  for (const auto& image : JsonField<Json>(json, "images", where)) {
    const auto id = JsonField<int64_t>(image, "id", where);
    const auto file = JsonField<std::string>(image, "file_name", where);
    SourceRecord record;
    record.id = fs::path(file).stem().string();
    record.image = images / fs::path(file).filename();
    if (!records.emplace(id, std::move(record)).second)
      ThrowData("image id " + std::to_string(id) + " appears twice", where);
  }
  for (const auto& annotation : JsonField<Json>(json, "annotations", where)) {
    const auto id = JsonField<int64_t>(annotation, "image_id", where);
    const auto found = records.find(id);
    if (found == records.end())
      ThrowData("a caption belongs to the unknown image " + std::to_string(id), where);
    AddCaption(found->second, JsonField<std::string>(annotation, "caption", where),
               options.captions_per_image);
  }
  SourceSplit split{name, {}};
  for (auto& [id, record] : records) CheckRecord(std::move(record), split, complaints);
  return split;
}

SourceRecord ReadJsonLine(const Json& line, const std::string& where, const SourceOptions& options,
                          int64_t& class_id) {
  SourceRecord record;
  const auto image = JsonField<std::string>(line, "image", where);
  record.id = fs::path(image).replace_extension().string();
  record.image = options.root / image;
  for (const auto& caption : JsonField<std::vector<std::string>>(line, "captions", where))
    AddCaption(record, caption, options.captions_per_image);
  if (line.contains("box")) {
    const auto box = JsonField<std::vector<double>>(line, "box", where);
    if (box.size() != 4 || box[2] <= 0 || box[3] <= 0) ThrowData("box is not [x, y, width, height]", where);
    std::copy(box.begin(), box.end(), record.box.begin());
  }
  class_id = line.contains("class") ? JsonField<int64_t>(line, "class", where) : -1;
  record.class_id = class_id;
  return record;
}

bool IsPicture(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension == ".jpg" || extension == ".jpeg" || extension == ".png";
}

std::vector<SourceRecord> ReadTextFolder(const SourceOptions& options) {
  std::vector<SourceRecord> records;
  for (const auto& entry : fs::recursive_directory_iterator(options.root)) {
    if (!entry.is_regular_file() || !IsPicture(entry.path())) continue;
    SourceRecord record;
    record.id = fs::relative(entry.path(), options.root).replace_extension().string();
    record.image = entry.path();
    if (const auto text = fs::path(entry.path()).replace_extension(".txt"); fs::exists(text))
      for (const auto& caption : ReadLines(text)) AddCaption(record, caption, options.captions_per_image);
    records.push_back(std::move(record));
  }
  std::sort(records.begin(), records.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  return records;
}

}  // namespace

std::vector<SourceSplit> ReadCoco(const SourceOptions& options) {
  Complaints complaints(options.skip_missing);
  std::vector<SourceSplit> splits;
  for (const auto& [name, folder] : {std::pair("train", "train"), std::pair("test", "val")})
    for (const char* year : {"2014", "2017"}) {
      const auto annotations =
          options.root / "annotations" / ("captions_" + std::string(folder) + year + ".json");
      if (fs::exists(annotations))
        splits.push_back(ReadCocoSplit(annotations, options.root / (folder + std::string(year)), name,
                                       options, complaints));
    }
  if (splits.empty())
    ThrowUser("has no annotations/captions_{train,val}{2014,2017}.json", options.root.string(),
              "--root is the folder that holds annotations");
  complaints.Settle(options.root.string());
  return splits;
}

std::vector<SourceSplit> ReadFolder(const SourceOptions& options) {
  Complaints complaints(options.skip_missing);
  SourceSplit train{"train", {}}, test{"test", {}};
  const auto lines_file = options.root / "captions.jsonl";
  std::set<std::string> seen;
  int64_t number = 0;
  const auto add = [&](SourceRecord record, const std::string& split) {
    if (!seen.insert(record.id).second) ThrowData("'" + record.id + "' appears twice", options.root.string());
    const bool is_test = split.empty() ? ++number % 10 == 0 : split == "test";
    CheckRecord(std::move(record), is_test ? test : train, complaints);
  };
  if (fs::exists(lines_file)) {
    for (const auto& text : ReadLines(lines_file)) {
      const std::string where = lines_file.string() + " line " + std::to_string(seen.size() + 1);
      const Json line = ParseJson(text, where);
      int64_t class_id = -1;
      auto record = ReadJsonLine(line, where, options, class_id);
      add(std::move(record), line.value("split", std::string()));
    }
  } else {
    for (auto& record : ReadTextFolder(options)) add(std::move(record), "");
  }
  complaints.Settle(options.root.string());
  return {train, test};
}

}  // namespace helio::dataio
