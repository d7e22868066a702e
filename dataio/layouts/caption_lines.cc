#include <algorithm>
#include <set>

#include "dataio/json_fields.h"
#include "dataio/layouts/layout.h"
#include "dataio/layouts/row_splits.h"
#include "dataio/layouts/table_forms.h"
#include "dataio/text_file.h"
#include "src/base/ascii.h"
#include "src/base/file_system.h"
#include "src/base/json.h"

// captions.jsonl in the root: an object a line,
// {"image", "captions": [...], "class": number, "box": [x, y, width, height], "split": "train" | "test" |
// "val"}; image and captions must be there.
namespace helio::dataio {
namespace fs = std::filesystem;
namespace {

constexpr const char* kFile = "captions.jsonl";
// The remedy where the lists and folders beside the file should decide the splits, and cannot.
constexpr const char* kSayIt = " (or say each line's split in its field 'split': nothing else is asked then)";

// With other names of its fields ("file_name", "text") the file is a list like any other (CaptionTables).
std::string SeeLines(const FileTree& tree) {
  const auto file = tree.root / kFile;
  if (!Exists(file)) return "";
  const auto fields = FieldsOfFirstLine(file);
  const bool lines = fields.empty() || std::ranges::find(fields, "image") != fields.end();
  return lines || !LooksLikeTable(file) ? kFile : "";
}

// Whether the line has a value of `field`: pandas writes null where a cell is empty.
bool Says(const Json& line, const char* field) { return line.contains(field) && !line.at(field).is_null(); }

std::array<double, 4> ReadBox(const Json& line, const std::string& where) {
  std::array<double, 4> box = {};
  const auto values = JsonField<std::vector<double>>(line, "box", where);
  if (values.size() != 4 || values[2] <= 0 || values[3] <= 0)
    ThrowData("box is not [x, y, width, height]", where);
  std::copy(values.begin(), values.end(), box.begin());
  return box;
}

// Relative to the root.
fs::path PictureOfLine(const Json& line, const std::string& where, const FileTree& tree,
                       const PictureIndex& index) {
  const auto name = JsonField<std::string>(line, "image", where);
  const auto found = index.FindPath(name);
  return found.empty() ? WithinRoot(tree.root, name, where) : found;
}

SourceRecord ReadLine(const Json& line, const std::string& where, const FileTree& tree,
                      const PictureIndex& index, SourceReading& reading) {
  auto record = reading.RecordOf(PictureOfLine(line, where, tree, index));
  if (reading.options().captions)
    for (const auto& caption : JsonField<std::vector<std::string>>(line, "captions", where))
      reading.AddCaption(record, caption);
  if (Says(line, "box")) record.box = ReadBox(line, where);
  if (Says(line, "class")) record.class_id = CheckedClass(IntegerField(line, "class", where), where);
  return record;
}

bool IsReadField(const std::string& name) {
  static const std::set<std::string> read = {"image", "captions", "class", "box", "split"};
  return read.contains(name);
}

struct CaptionLine {
  SourceRecord record;
  std::string split, where;
};

std::vector<CaptionLine> AllLines(const FileTree& tree, const PictureIndex& index, SourceReading& reading) {
  std::vector<CaptionLine> lines;
  int64_t number = 0;
  for (const auto& text : ReadLines(tree.root / kFile)) {
    const std::string where = (tree.root / kFile).string() + " record " + std::to_string(++number);
    reading.complaints().Try([&] {
      const Json line = ParseJson(text, where);
      auto record = ReadLine(line, where, tree, index, reading);
      auto split = Says(line, "split") ? JsonField<std::string>(line, "split", where) : "";
      lines.push_back({std::move(record), std::move(split), where});
    });
  }
  return lines;
}

// The rule for lines that name no split. Where every line names one the lists beside the file are not even
// read, so that mistakes in them do not matter.
SplitRule RuleBeside(const std::vector<CaptionLine>& lines, const FileTree& tree, const PictureIndex& index,
                     SourceReading& reading) {
  FileTree nothing;
  nothing.root = tree.root;
  const bool asked = std::ranges::any_of(lines, [](const auto& line) { return line.split.empty(); });
  const auto first = reading.complaints().size();
  const SplitRule rule(asked ? tree : nothing, index, reading.complaints());
  reading.complaints().AddRemedy(first, kSayIt);
  return rule;
}

std::optional<std::string> SplitOfLine(const CaptionLine& line, const fs::path& picture, RowSplits& splits) {
  try {
    return splits.Of(line.split, picture);
  } catch (const Error& error) {
    ThrowData(error.what() + std::string(kSayIt), line.where);
  }
}

fs::path RelativePicture(const CaptionLine& line, const FileTree& tree) {
  return line.record.image.lexically_relative(tree.root).lexically_normal();
}

// One captions.jsonl may describe all domains: with --domain=A only the lines of trainA/ and testA/ are
// taken.
void LeaveOtherDomains(std::vector<CaptionLine>& lines, const FileTree& tree, SourceReading& reading) {
  const auto& domain = reading.options().domain;
  if (domain.empty()) return;
  std::vector<std::string> left;
  std::erase_if(lines, [&](const CaptionLine& line) {
    const auto picture = RelativePicture(line, tree);
    const bool other = *picture.begin() != "train" + domain && *picture.begin() != "test" + domain;
    if (other) left.push_back(picture.string());
    return other;
  });
  reading.PassedOver("pictures of other domains", left);
}

void AddLine(CaptionLine& line, const std::string& split, SourceReading& reading) {
  try {
    reading.Add(std::move(line.record), split);
  } catch (const Error& error) {
    ThrowData(error.what(), line.where);
  }
}

// Adds the lines' records. Returns the pictures that are in no split.
std::vector<std::string> AddLines(std::vector<CaptionLine>& lines, RowSplits& splits, const FileTree& tree,
                                  SourceReading& reading) {
  std::vector<std::string> unlisted;
  for (auto& line : lines) {
    const auto picture = RelativePicture(line, tree).string();
    reading.complaints().Try([&] {
      const auto split = SplitOfLine(line, picture, splits);
      if (!split) return unlisted.push_back(picture);
      AddLine(line, *split, reading);
    });
  }
  return unlisted;
}

std::vector<std::string> PicturesWithoutLine(const std::vector<CaptionLine>& lines, const FileTree& tree) {
  std::set<std::string> named;
  for (const auto& line : lines) named.insert(RelativePicture(line, tree).string());
  std::vector<std::string> unnamed;
  for (const auto& picture : tree.pictures)
    if (!named.contains(picture.string())) unnamed.push_back(picture.string());
  return unnamed;
}

// A list of objects would be a complaint for each of its lines.
void CheckIsNoList(const fs::path& file) {
  if (Trimmed(BeginningOf(file)).starts_with("["))
    ThrowUser("is one JSON list, expected an object a line", file.string(), "jq -c '.[]' makes lines of it");
}

void ReadCaptionLines(const FileTree& tree, SourceReading& reading) {
  CheckIsNoList(tree.root / kFile);
  const PictureIndex index(tree);
  auto lines = AllLines(tree, index, reading);
  LeaveOtherDomains(lines, tree, reading);
  const SplitRule rule = RuleBeside(lines, tree, index, reading);
  RowSplits splits("by field split", rule);
  for (const auto& line : lines) splits.Hear(line.split);
  const auto unnamed = PicturesWithoutLine(lines, tree);
  const auto unlisted = AddLines(lines, splits, tree, reading);
  reading.SplitsAreBy(splits.text());
  reading.PassedOver("pictures that are in no split" + std::string(kSayIt), unlisted);
  reading.PassedOver("pictures without a line in captions.jsonl", unnamed);
  reading.AreRead({kFile});
  reading.AreRead(rule.Lists());
  const auto file = tree.root / kFile;
  TellUnread("fields", FieldsOfFirstLine(file), &IsReadField, file.string());
}

}  // namespace

Layout CaptionLines() { return {"lines of captions", &SeeLines, &ReadCaptionLines}; }

}  // namespace helio::dataio
