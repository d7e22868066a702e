#include "dataio/layouts/table.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <optional>
#include <set>

#include "dataio/file_tree.h"
#include "src/base/file_system.h"

namespace helio::dataio {
namespace fs = std::filesystem;
namespace {

std::string Trimmed(const std::string& text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

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

// The records of separated values; a quoted field may hold separators, line ends and doubled quotes.
class Separated {
 public:
  Separated(const std::string& text, char separator) : text_(text), separator_(separator) {}

  bool Next(std::vector<std::string>& fields) {
    fields.clear();
    if (at_ >= text_.size()) return false;
    do fields.push_back(Field());
    while (at_ < text_.size() && text_[at_++] == separator_);
    return true;
  }

 private:
  // Ends before the separator or the line's end.
  std::string Field() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    if (at_ < text_.size() && text_[at_] == '"') return Quoted();
    const auto end = std::min(text_.find_first_of(std::string{separator_, '\n'}, at_), text_.size());
    auto field = Trimmed(text_.substr(at_, end - at_));
    at_ = end;
    return field;
  }

  std::string Quoted() {
    std::string field;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '"' && (at_ + 1 >= text_.size() || text_[at_ + 1] != '"')) break;
      if (text_[at_] == '"') ++at_;
      field += text_[at_];
    }
    at_ = std::min(text_.find_first_of(std::string{separator_, '\n'}, at_), text_.size());
    return field;
  }

  const std::string& text_;
  const char separator_;
  size_t at_ = 0;
};

struct Columns {
  char separator = 0;
  std::vector<std::string> names;
  size_t picture = SIZE_MAX, split = SIZE_MAX;
  std::vector<size_t> captions;
};

// Nothing if the first line is no header that names pictures and captions.
std::optional<Columns> ReadHeader(const std::string& text) {
  const auto line = text.substr(0, text.find('\n'));
  for (const char separator : {',', '\t', '|', ';'}) {
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
    if (columns.picture != SIZE_MAX && !columns.captions.empty()) return columns;
  }
  return std::nullopt;
}

std::vector<TableRow> RowsWithHeader(const std::string& text, const Columns& columns,
                                     const std::string& where, Complaints& complaints) {
  Separated lines(text, columns.separator);
  std::vector<std::string> fields;
  lines.Next(fields);
  std::vector<TableRow> rows;
  for (int64_t number = 1; lines.Next(fields); ++number) {
    if (fields.size() == 1 && fields[0].empty()) continue;
    TableRow row{"", {}, "", where + " record " + std::to_string(number)};
    if (columns.picture < fields.size()) row.picture = fields[columns.picture];
    if (columns.split < fields.size()) row.split = fields[columns.split];
    for (const auto column : columns.captions)
      if (column < fields.size() && !fields[column].empty()) row.captions.push_back(fields[column]);
    if (row.picture.empty() || row.captions.empty())
      complaints.Add(row.where + ": lacks " + (row.picture.empty() ? "the picture" : "the caption"));
    else
      rows.push_back(std::move(row));
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

void AddTexts(const Json& value, const std::string& where, std::vector<std::string>& texts) {
  if (value.is_string()) return texts.push_back(value.get<std::string>());
  if (value.is_array()) {
    for (const auto& item : value) AddTexts(item, where, texts);
    return;
  }
  if (value.is_object())  // a list of objects with a text each
    for (const auto& [key, item] : value.items())
      if (IsCaptionColumn(key)) return AddTexts(item, where, texts);
  if (!value.is_null()) ThrowData("a caption is no text", where);
}

std::string ColumnsOf(const Json& object) {
  std::string names;
  for (const auto& [key, value] : object.items()) names += (names.empty() ? "" : ", ") + key;
  return names;
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
  if (row.picture.empty()) ThrowData("names no picture (file_name); its fields: " + ColumnsOf(object), where);
  if (row.captions.empty()) ThrowData("has no caption (text); its fields: " + ColumnsOf(object), where);
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
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  return text;
}

// [{"file_name": ..., "text": ...}, ...] or {"NAME.jpg": ...}, as far as a beginning shows it.
bool LooksLikeJsonTable(const std::string& text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return false;
  const auto quote = text.find('"', begin), end = text.find('"', quote + 1);
  if (end == std::string::npos) return false;
  if (text[begin] == '{') return IsPictureName(text.substr(quote + 1, end - quote - 1));
  bool picture = false, caption = false;
  for (auto at = begin; text[begin] == '[' && (at = text.find('"', at)) != std::string::npos;) {
    const auto close = text.find('"', at + 1);
    if (close == std::string::npos) break;
    const auto word = text.substr(at + 1, close - at - 1);
    picture = picture || IsPictureColumn(word);
    caption = caption || IsCaptionColumn(word);
    at = close + 1;
  }
  return picture && caption;
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
  if (SuffixOf(file) == ".jsonl") return text.starts_with("{");
  return ReadHeader(text) || TokenRow(Trimmed(text.substr(0, text.find('\n'))), "");
}

std::vector<TableRow> ReadTable(const fs::path& file, Complaints& complaints) {
  if (SuffixOf(file) == ".json") return RowsOfJson(file, complaints);
  if (SuffixOf(file) == ".jsonl") return RowsOfLines(file, complaints);
  std::string text = ReadFile(file);
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  if (const auto columns = ReadHeader(text)) return RowsWithHeader(text, *columns, file.string(), complaints);
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
