#include "dataio/layouts/table.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <set>

#include "dataio/file_tree.h"
#include "dataio/layouts/table_forms.h"
#include "dataio/split_names.h"
#include "dataio/text_file.h"
#include "src/base/ascii.h"
#include "src/base/byte_order_mark.h"
#include "src/base/json.h"
#include "src/base/log.h"
#include "src/base/text_list.h"

namespace helio::dataio {
namespace fs = std::filesystem;
namespace {

// "Image Name" and "image-name" are "image_name".
std::string ColumnName(const std::string& text) {
  auto name = LowerAscii(Trimmed(text));
  std::ranges::replace_if(
      name, [](char c) { return c == ' ' || c == '-'; }, '_');
  return name;
}

// Excel's "sep=;" in front of the header.
void DropSeparatorLine(std::string& text) {
  const auto line = Trimmed(text.substr(0, text.find('\n')));
  if (line.size() == 5 && ColumnName(line.substr(0, 4)) == "sep=") text.erase(0, text.find('\n') + 1);
}

}  // namespace

std::string BeginningOf(const fs::path& file) {
  std::string text(kBeginning, '\0');
  std::ifstream stream(file, std::ios::binary);
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(std::max<std::streamsize>(stream.gcount(), 0)));
  if (IsUtf16(text)) std::erase(text.erase(0, 2), '\0');
  MakePlain(text);
  DropSeparatorLine(text);
  return text;
}

std::string TextOfTable(const fs::path& file) {
  auto text = ReadText(file);
  DropSeparatorLine(text);
  return text;
}

namespace {

// Whether a lesser column may name the picture for a better one: the file that this says without its folder,
// or of which this is the address. Ids, and columns of other pictures, do not.
bool MeansTheSame(const std::string& lesser, const std::string& better) {
  return IsPictureName(lesser) && (better.find("://") != std::string::npos ||
                                   fs::path(lesser).filename() == fs::path(better).filename());
}

}  // namespace

int PictureColumnRank(const std::string& name) {
  static const std::vector<std::set<std::string>> ranks = {
      {"name", "key", "image_id", "photo_id"},
      {"file", "image", "image_name", "image_path", "image_file", "imagename", "img", "img_name", "img_path",
       "img_file", "picture", "photo", "path"},
      {"file_name", "filename", "file_path", "filepath"}};
  for (size_t i = 0; i < ranks.size(); ++i)
    if (ranks[i].contains(ColumnName(name))) return static_cast<int>(i) + 1;
  return 0;
}

int CaptionColumnRank(const std::string& name) {
  static const std::set<std::string> lesser = {"title", "comment", "comments"};
  static const std::set<std::string> names = {"text",     "texts",     "caption",     "captions",
                                              "sentence", "sentences", "description", "descriptions",
                                              "prompt",   "prompts",   "raw",         "caption_text"};
  const auto column = ColumnName(name);
  return names.contains(column) ? 2 : lesser.contains(column);
}

int SplitColumnRank(const std::string& name) {
  const auto column = ColumnName(name);
  if (column == "split") return 2;
  return column == "set" || column == "partition" ? kSetRank : 0;
}

namespace {

// Empty: none. Throws Error{kData} where two differ.
std::string OneSplit(const std::vector<SplitCell>& cells) {
  for (const auto& [column, split] : cells)
    if (split != cells[0].split)
      ThrowData("is in '" + cells[0].split + "' by one column and in '" + split + "' by another", "",
                "leave one of them there");
  return cells.empty() ? "" : cells[0].split;
}

}  // namespace

void NameRow(TableRow& row, const BestRanked<std::string>& pictures, const BestRanked<SplitCell>& splits) {
  row.rank = pictures.rank;
  if (!pictures.values.empty()) {
    row.picture = pictures.values[0];
    row.also.assign(pictures.values.begin() + 1, pictures.values.end());
  }
  for (const auto& name : pictures.lesser)
    if (MeansTheSame(name, row.picture)) row.lesser.push_back(name);
  if (splits.rank == kSetRank)
    row.sets = splits.values;
  else
    row.split = OneSplit(splits.values);
}

bool LooksLikeTable(const fs::path& file) {
  const auto text = BeginningOf(file);
  if (SuffixOf(file) == ".json") return LooksLikeJsonTable(text);
  if (SuffixOf(file) == ".jsonl") return LooksLikeJsonLines(text);
  return ReadHeader(text) || IsTokenLine(text.substr(0, text.find('\n')));
}

void TellUnread(const std::string& what, const std::vector<std::string>& names,
                const std::function<bool(const std::string&)>& is_read, const std::string& file) {
  std::string unread;
  for (const auto& name : names)
    if (!is_read(name)) AddToList(unread, Trimmed(name));
  if (!unread.empty()) LOG(INFO) << file << ": " << what << " that are not read: " << unread;
}

std::vector<std::string> FieldsOfFirstLine(const fs::path& file) {
  const auto text = BeginningOf(file);
  const auto json = Json::parse(text.substr(0, text.find('\n')), nullptr, /*allow_exceptions=*/false);
  std::vector<std::string> names;
  if (json.is_object())
    for (const auto& [key, value] : json.items()) names.push_back(key);
  return names;
}

namespace {

// Columns "set" and "partition" of which no row names a split: "CUB" in all rows, a set of furniture.
std::set<std::string> OtherSets(const std::vector<TableRow>& rows, const std::string& file) {
  std::map<std::string, std::string> firsts;  // of each column what it says first
  std::set<std::string> splits;
  for (const auto& row : rows)
    for (const auto& [column, split] : row.sets) {
      firsts.emplace(column, split);
      if (!SplitOfWord(split).empty()) splits.insert(column);
    }
  std::set<std::string> others;
  for (const auto& [column, first] : firsts) {
    if (splits.contains(column)) continue;
    others.insert(column);
    LOG(WARNING) << file << ": column '" << column
                 << "' is not read: no row names a split (train, test, val) there, the first says '" << first
                 << "'";
  }
  return others;
}

void ReadSets(std::vector<TableRow>& rows, const std::string& file, Complaints& complaints) {
  const auto others = OtherSets(rows, file);
  std::vector<TableRow> good;
  for (auto& row : rows) try {
      std::erase_if(row.sets, [&](const SplitCell& cell) { return others.contains(cell.column); });
      if (!row.sets.empty()) row.split = OneSplit(row.sets);
      good.push_back(std::move(row));
    } catch (const Error& error) {
      complaints.Add(row.where + ": " + error.what());
    }
  rows = std::move(good);
}

// Which of a list's columns are not read, and which give the captions where several do.
void TellColumns(const std::vector<std::string>& names, const std::string& file) {
  BestRanked<std::string> captions;
  for (const auto& name : names) captions.Offer(CaptionColumnRank(name), name);
  TellUnread(
      "columns", names,
      [&](const std::string& name) {
        return PictureColumnRank(name) > 0 || SplitColumnRank(name) > 0 ||
               std::ranges::find(captions.values, name) != captions.values.end();
      },
      file);
  if (captions.values.size() > 1)
    LOG(INFO) << file << ": captions are of the columns " << Join(captions.values);
}

std::vector<TableRow> RowsOf(const fs::path& file, Complaints& complaints) {
  if (SuffixOf(file) == ".json") return RowsOfJson(file, complaints);
  if (SuffixOf(file) == ".jsonl") {
    TellColumns(FieldsOfFirstLine(file), file.string());
    return RowsOfLines(file, complaints);
  }
  const auto text = TextOfTable(file);
  if (const auto columns = ReadHeader(text)) {
    TellColumns(columns->names, file.string());
    return RowsWithHeader(text, *columns, file.string(), complaints);
  }
  if (const auto columns = ReadHeader(text, /*captions=*/false))
    ThrowData("has no column of captions (text, caption, ...); its columns: " + Join(columns->names),
              file.string());
  return TokenRows(file, complaints);
}

}  // namespace

std::vector<TableRow> ReadTable(const fs::path& file, Complaints& complaints) {
  auto rows = RowsOf(file, complaints);
  ReadSets(rows, file.string(), complaints);
  return rows;
}

}  // namespace helio::dataio
