#include <algorithm>

#include "dataio/file_tree.h"
#include "dataio/layouts/table_forms.h"
#include "dataio/text_file.h"
#include "src/base/file_system.h"
#include "src/base/json.h"
#include "src/base/text_list.h"

namespace helio::dataio {
namespace fs = std::filesystem;
namespace {

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
  TableRow row{.where = where};
  BestRanked<std::string> pictures;
  BestRanked<SplitCell> splits;
  BestRanked<const Json*> captions;
  for (const auto& [key, value] : object.items()) {
    captions.Offer(CaptionColumnRank(key), &value);
    if (!value.is_string() || value.get_ref<const std::string&>().empty()) continue;
    splits.Offer(SplitColumnRank(key), {key, value.get<std::string>()});
    pictures.Offer(PictureColumnRank(key), value.get<std::string>());
  }
  for (const auto* texts : captions.values) AddTexts(*texts, where, row.captions);
  NameRow(row, pictures, splits);
  if (row.picture.empty()) ThrowData("names no picture (file_name); its fields: " + FieldsOf(object), where);
  if (row.captions.empty()) ThrowData("has no caption (text); its fields: " + FieldsOf(object), where);
  return row;
}

// Where other records have a file name beside their id, an id alone may count from elsewhere.
void DropBareIds(std::vector<TableRow>& rows, Complaints& complaints) {
  if (std::ranges::all_of(rows, [](const auto& row) { return row.rank <= kIdRank; })) return;
  std::erase_if(rows, [&](const TableRow& row) {
    if (row.rank == kIdRank)
      complaints.Add(row.where + ": '" + row.picture +
                     "' is an id, no file name, and other records have one");
    return row.rank == kIdRank;
  });
}

// Whether words in quotes name a picture and a caption.
bool NamesBoth(const std::string& text) {
  bool picture = false, caption = false;
  for (size_t at = 0; (at = text.find('"', at)) != std::string::npos;) {
    const auto close = text.find('"', at + 1);
    if (close == std::string::npos) break;
    const auto word = text.substr(at + 1, close - at - 1);
    picture = picture || PictureColumnRank(word) > 0;
    caption = caption || IsCaptionColumn(word);
    at = close + 1;
  }
  return picture && caption;
}

}  // namespace

bool LooksLikeJsonLines(const std::string& text) {
  return text.starts_with("{") && NamesBoth(text.substr(0, text.find('\n')));
}

std::vector<TableRow> RowsOfLines(const fs::path& file, Complaints& complaints) {
  std::vector<TableRow> rows;
  int64_t number = 0;
  for (const auto& line : ReadLines(file)) {
    const auto where = file.string() + " record " + std::to_string(++number);
    complaints.Try([&] { rows.push_back(RowOfObject(ParseJson(line, where), where)); });
  }
  DropBareIds(rows, complaints);
  return rows;
}

bool LooksLikeJsonTable(const std::string& text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return false;
  const auto quote = text.find('"', begin), end = text.find('"', quote + 1);
  if (end == std::string::npos) return false;
  if (text[begin] == '{') return IsPictureName(text.substr(quote + 1, end - quote - 1));
  return text[begin] == '[' && NamesBoth(text);
}

std::vector<TableRow> RowsOfJson(const fs::path& file, Complaints& complaints) {
  const Json json = ParseJson(ReadText(file), file.string());
  std::vector<TableRow> rows;
  int64_t number = 0;
  for (const auto& [key, value] : json.items()) {
    const auto where = file.string() + " record " + std::to_string(++number);
    complaints.Try([&] {
      if (json.is_array()) return rows.push_back(RowOfObject(value, where));
      TableRow row{.picture = key, .where = where};
      AddTexts(value, where, row.captions);
      rows.push_back(std::move(row));
    });
  }
  DropBareIds(rows, complaints);
  return rows;
}

}  // namespace helio::dataio
