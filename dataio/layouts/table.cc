#include "dataio/layouts/table.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <optional>
#include <set>

#include "dataio/file_tree.h"
#include "dataio/layouts/separated.h"
#include "src/base/byte_order_mark.h"
#include "src/base/file_system.h"
#include "src/base/text_list.h"

namespace helio::dataio {
namespace fs = std::filesystem;
namespace {

std::string ColumnName(const std::string& text) {
  auto name = Trimmed(text);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name;
}

bool IsSplitColumn(const std::string& name) {
  const auto column = ColumnName(name);
  return column == "split" || column == "set" || column == "partition";
}

// --- separated values
// ---------------------------------------------------------------------------------------

struct Columns {
  char separator = 0;
  std::vector<std::string> names;
  size_t picture = SIZE_MAX, split = SIZE_MAX;
  std::vector<size_t> captions;
};

Columns ColumnsOf(const std::string& line, char separator) {
  Columns columns;
  columns.separator = separator;
  Separated(line, separator).Next(columns.names);
  for (size_t i = 0; i < columns.names.size(); ++i) {
    if (IsCaptionColumn(columns.names[i]))
      columns.captions.push_back(i);
    else if (IsSplitColumn(columns.names[i]))
      columns.split = i;
    else if (columns.picture == SIZE_MAX && IsPictureColumn(columns.names[i]))
      columns.picture = i;
  }
  return columns;
}

// What the first line says, if it names a column of pictures; of captions, too, with `captions`.
std::optional<Columns> ReadHeader(const std::string& text, bool captions = true) {
  const auto line = text.substr(0, text.find('\n'));
  if (std::count(line.begin(), line.end(), '"') % 2 != 0) return std::nullopt;  // the header is one line
  for (const char separator : {',', '\t', '|', ';'}) {
    auto columns = ColumnsOf(line, separator);
    if (columns.picture != SIZE_MAX && (!captions || !columns.captions.empty())) return columns;
  }
  return std::nullopt;
}

// More fields than the header names are pieces of an unquoted caption, where that comes last.
void JoinSurplus(std::vector<std::string>& fields, const Columns& columns) {
  const size_t known = columns.names.size();
  if (fields.size() <= known) return;
  if (columns.captions != std::vector<size_t>{known - 1})
    ThrowData("has " + std::to_string(fields.size()) + " fields, the header " + std::to_string(known), "",
              "put captions in quotes");
  for (size_t i = known; i < fields.size(); ++i)
    fields[known - 1] += std::string{columns.separator, ' '} + fields[i];
  fields.resize(known);
}

TableRow RowOfFields(const std::vector<std::string>& fields, const Columns& columns) {
  TableRow row{"", {}, "", ""};
  if (columns.picture < fields.size()) row.picture = fields[columns.picture];
  if (columns.split < fields.size()) row.split = fields[columns.split];
  for (const auto column : columns.captions)
    if (column < fields.size() && !fields[column].empty()) row.captions.push_back(fields[column]);
  if (row.picture.empty() || row.captions.empty())
    ThrowData(std::string("lacks ") + (row.picture.empty() ? "the picture" : "the caption"));
  return row;
}

std::vector<TableRow> RowsWithHeader(const std::string& text, const Columns& columns, const std::string& file,
                                     Complaints& complaints) {
  Separated lines(text, columns.separator);
  std::vector<std::string> fields;
  lines.Next(fields);
  std::vector<TableRow> rows;
  bool more = true;
  for (int64_t number = 1; more; ++number) {
    const auto where = file + " record " + std::to_string(number);
    try {
      more = lines.Next(fields);
      if (!more || (fields.size() == 1 && fields[0].empty())) continue;
      JoinSurplus(fields, columns);
      rows.push_back(RowOfFields(fields, columns));
      rows.back().where = where;
    } catch (const Error& error) {
      complaints.Add(where + ": " + error.what());
    }
  }
  return rows;
}

// --- lines "NAME.jpg#0 <tab> caption"
// -------------------------------------------------------------------------

// Nothing if the line is of another form.
std::optional<TableRow> TokenRow(const std::string& line, const std::string& where) {
  auto end = line.find_first_of("\t|,");
  const auto number = line.find('#');
  if (number != std::string::npos && number < end) end = std::min(end, line.find(' ', number));
  if (end == std::string::npos) return std::nullopt;
  const auto name = Trimmed(line.substr(0, std::min(number, end)));
  const auto caption = Trimmed(line.substr(end + 1));
  if (!IsPictureName(name) || caption.empty()) return std::nullopt;
  return TableRow{name, {caption}, "", where};
}

std::vector<TableRow> TokenRows(const fs::path& file, Complaints& complaints) {
  std::vector<TableRow> rows;
  int64_t number = 0;
  for (const auto& line : ReadLines(file)) {
    const auto where = file.string() + " line " + std::to_string(++number);
    if (auto row = TokenRow(line, where))
      rows.push_back(std::move(*row));
    else
      complaints.Add(where + ": is not '<picture> <caption>'");
  }
  return rows;
}

// --- JSON
// -----------------------------------------------------------------------------------------------------

// `depth`: lists and objects around the value; nobody means more than a few.
void AddTexts(const Json& value, const std::string& where, std::vector<std::string>& texts, int depth = 0) {
  if (depth > 4) ThrowData("a caption lies in lists of lists of lists", where);
  if (value.is_string()) return texts.push_back(value.get<std::string>());
  if (value.is_array()) {
    for (const auto& item : value) AddTexts(item, where, texts, depth + 1);
    return;
  }
  if (value.is_object())  // a list of objects with a text each
    for (const auto& [key, item] : value.items())
      if (IsCaptionColumn(key)) return AddTexts(item, where, texts, depth + 1);
  if (!value.is_null()) ThrowData("a caption is no text", where);
}

std::string FieldsOf(const Json& object) {
  std::vector<std::string> names;
  for (const auto& [key, value] : object.items()) names.push_back(key);
  return Join(names);
}

TableRow RowOfObject(const Json& object, const std::string& where) {
  if (!object.is_object()) ThrowData("is no object", where);
  TableRow row{"", {}, "", where};
  for (const auto& [key, value] : object.items()) {
    if (IsCaptionColumn(key))
      AddTexts(value, where, row.captions);
    else if (IsSplitColumn(key) && value.is_string())
      row.split = value.get<std::string>();
    else if (row.picture.empty() && IsPictureColumn(key) && value.is_string())
      row.picture = value.get<std::string>();
  }
  if (row.picture.empty()) ThrowData("names no picture (file_name); its fields: " + FieldsOf(object), where);
  if (row.captions.empty()) ThrowData("has no caption (text); its fields: " + FieldsOf(object), where);
  return row;
}

std::vector<TableRow> RowsOfLines(const fs::path& file, Complaints& complaints) {
  std::vector<TableRow> rows;
  int64_t number = 0;
  for (const auto& line : ReadLines(file)) {
    const auto where = file.string() + " record " + std::to_string(++number);
    complaints.Try([&] { rows.push_back(RowOfObject(ParseJson(line, where), where)); });
  }
  return rows;
}

std::vector<TableRow> RowsOfJson(const fs::path& file, Complaints& complaints) {
  const Json json = ReadJson(file);
  std::vector<TableRow> rows;
  int64_t number = 0;
  for (const auto& [key, value] : json.items()) {
    const auto where = file.string() + " record " + std::to_string(++number);
    complaints.Try([&] {
      if (json.is_array()) return rows.push_back(RowOfObject(value, where));
      TableRow row{key, {}, "", where};
      AddTexts(value, where, row.captions);
      rows.push_back(std::move(row));
    });
  }
  return rows;
}

// The first bytes of a file that cannot be opened are none: whoever reads it says why.
std::string BeginningOf(const fs::path& file) {
  std::string text(1 << 14, '\0');
  std::ifstream stream(file, std::ios::binary);
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(std::max<std::streamsize>(stream.gcount(), 0)));
  DropByteOrderMark(text);
  return text;
}

// Whether words in quotes name a picture and a caption.
bool NamesBoth(const std::string& text) {
  bool picture = false, caption = false;
  for (size_t at = 0; (at = text.find('"', at)) != std::string::npos;) {
    const auto close = text.find('"', at + 1);
    if (close == std::string::npos) break;
    const auto word = text.substr(at + 1, close - at - 1);
    picture = picture || IsPictureColumn(word);
    caption = caption || IsCaptionColumn(word);
    at = close + 1;
  }
  return picture && caption;
}

// [{"file_name": ..., "text": ...}, ...] or {"NAME.jpg": ...}, as far as a beginning shows it.
bool LooksLikeJsonTable(const std::string& text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return false;
  const auto quote = text.find('"', begin), end = text.find('"', quote + 1);
  if (end == std::string::npos) return false;
  if (text[begin] == '{') return IsPictureName(text.substr(quote + 1, end - quote - 1));
  return text[begin] == '[' && NamesBoth(text);
}

}  // namespace

bool IsPictureColumn(const std::string& name) {
  static const std::set<std::string> names = {
      "file_name", "filename", "file",     "image",     "image_name", "image_path", "image_file",
      "imagename", "image_id", "img",      "img_name",  "img_path",   "img_file",   "picture",
      "photo",     "path",     "filepath", "file_path", "name",       "key",        "photo_id"};
  return names.contains(ColumnName(name));
}

bool IsCaptionColumn(const std::string& name) {
  static const std::set<std::string> names = {
      "text",      "texts",       "caption",      "captions", "comment", "comments", "sentence",    "title",
      "sentences", "description", "descriptions", "prompt",   "prompts", "raw",      "caption_text"};
  return names.contains(ColumnName(name));
}

bool LooksLikeTable(const fs::path& file) {
  const auto text = BeginningOf(file);
  if (SuffixOf(file) == ".json") return LooksLikeJsonTable(text);
  if (SuffixOf(file) == ".jsonl") return text.starts_with("{") && NamesBoth(text.substr(0, text.find('\n')));
  return ReadHeader(text) || TokenRow(Trimmed(text.substr(0, text.find('\n'))), "");
}

std::vector<TableRow> ReadTable(const fs::path& file, Complaints& complaints) {
  if (SuffixOf(file) == ".json") return RowsOfJson(file, complaints);
  if (SuffixOf(file) == ".jsonl") return RowsOfLines(file, complaints);
  std::string text = ReadFile(file);
  DropByteOrderMark(text);
  if (const auto columns = ReadHeader(text)) return RowsWithHeader(text, *columns, file.string(), complaints);
  if (const auto columns = ReadHeader(text, /*captions=*/false))
    ThrowData("has no column of captions (text, caption, ...); its columns: " + Join(columns->names),
              file.string());
  return TokenRows(file, complaints);
}

void RowGatherer::Take(const TableRow& row, const fs::path& picture, const std::string& split) {
  reading_.complaints().Try([&] {
    if (picture.empty()) ThrowData("names '" + row.picture + "', of which there is no picture", row.where);
    const auto [place, is_new] = place_.emplace(picture.string(), gathered_.size());
    if (is_new) {
      SourceRecord record;
      record.id = WithoutPictureSuffix(picture);
      record.image = tree_.root / picture;
      gathered_.push_back({std::move(record), !row.split.empty() ? row.split : split});
    }
    auto& gathered = gathered_[place->second];
    const auto now = !row.split.empty() ? row.split : split;
    if (now != gathered.split)
      ThrowData("'" + row.picture + "' is in " + gathered.split + " and in " + now, row.where);
    for (const auto& caption : row.captions) reading_.AddCaption(gathered.record, caption);
  });
}

void RowGatherer::Finish() {
  std::vector<std::string> unlisted, unnamed;
  bool said = false;
  for (auto& [record, split] : gathered_)
    reading_.complaints().Try([&] {
      said = said || !split.empty();
      const auto picture = record.image.lexically_relative(tree_.root);
      const auto decided = !split.empty() ? split : rule_.Of(picture);
      if (decided == "-") return unlisted.push_back(picture.string());
      reading_.Add(std::move(record), decided);
    });
  for (const auto& picture : tree_.pictures)
    if (!place_.contains(picture.string())) unnamed.push_back(picture.string());
  reading_.SplitsAreBy(said ? "by the list of captions" : rule_.text());
  reading_.PassedOver("pictures that are in no list of a split", unlisted);
  reading_.PassedOver("pictures without a line in the list of captions", unnamed);
}

}  // namespace helio::dataio
