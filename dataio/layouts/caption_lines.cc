#include <set>

#include "dataio/json_fields.h"
#include "dataio/layouts/layout.h"
#include "src/base/file_system.h"
#include "src/base/json.h"

// captions.jsonl in the root: an object a line,
// {"image", "captions": [...], "class": number, "box": [x, y, width, height], "split": "train" | "test" |
// "val"}; image and captions must be there.
namespace helio::dataio {
namespace {

constexpr const char* kFile = "captions.jsonl";

std::string SeeLines(const FileTree& tree) { return Exists(tree.root / kFile) ? kFile : ""; }

std::array<double, 4> ReadBox(const Json& line, const std::string& where) {
  std::array<double, 4> box = {};
  const auto values = JsonField<std::vector<double>>(line, "box", where);
  if (values.size() != 4 || values[2] <= 0 || values[3] <= 0)
    ThrowData("box is not [x, y, width, height]", where);
  std::copy(values.begin(), values.end(), box.begin());
  return box;
}

SourceRecord ReadLine(const Json& line, const std::string& where, const FileTree& tree,
                      SourceReading& reading) {
  auto record = reading.RecordOf(WithinRoot(tree.root, JsonField<std::string>(line, "image", where), where));
  if (reading.options().captions)
    for (const auto& caption : JsonField<std::vector<std::string>>(line, "captions", where))
      reading.AddCaption(record, caption);
  if (line.contains("box")) record.box = ReadBox(line, where);
  if (line.contains("class")) record.class_id = CheckedClass(IntegerField(line, "class", where), where);
  return record;
}

void ReadCaptionLines(const FileTree& tree, SourceReading& reading) {
  int64_t number = 0;
  bool splits = false;
  std::set<std::string> named;
  for (const auto& text : ReadLines(tree.root / kFile)) {
    const std::string where = (tree.root / kFile).string() + " record " + std::to_string(++number);
    reading.complaints().Try([&] {
      const Json line = ParseJson(text, where);
      auto record = ReadLine(line, where, tree, reading);
      const auto split = line.contains("split") ? JsonField<std::string>(line, "split", where) : "";
      splits = splits || !split.empty();
      named.insert(record.image.lexically_relative(tree.root).lexically_normal().string());
      try {
        reading.Add(std::move(record), split);
      } catch (const Error& error) {
        ThrowData(error.what(), where);
      }
    });
  }
  if (splits) reading.SplitsAreBy("by field split");
  std::vector<std::string> unnamed;
  for (const auto& picture : tree.pictures)
    if (!named.contains(picture.string())) unnamed.push_back(picture.string());
  reading.PassedOver("pictures without a line in captions.jsonl", unnamed);
}

}  // namespace

Layout CaptionLines() { return {"lines of captions", &SeeLines, &ReadCaptionLines}; }

}  // namespace helio::dataio
