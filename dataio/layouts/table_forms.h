#pragma once
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dataio/layouts/table.h"

// The forms in which a list is written, one a file; ReadTable chooses. What is wrong with a single row goes
// to `complaints`, and the row is left out; a file that cannot be read is an Error. `text` that is to look
// like something is what a file begins with.
namespace helio::dataio {

// A file's text as ReadText has it, without Excel's "sep=;" in front of the header.
std::string TextOfTable(const std::filesystem::path& file);
// Of that the first kBeginning bytes. Of a file that cannot be opened there are none: whoever reads it says
// why. Of UTF-16 they are what is ASCII: names of columns are seen, and ReadText refuses it.
std::string BeginningOf(const std::filesystem::path& file);
constexpr size_t kBeginning = 1 << 14;

// The columns and fields that are taken, by name.

// How surely a column holds captions: 2 as "caption" or "text" does, 1 as "title" or "comment", which beside
// a better one say something else; 0: not at all.
int CaptionColumnRank(const std::string& name);
inline bool IsCaptionColumn(const std::string& name) { return CaptionColumnRank(name) > 0; }

// How surely a column names the picture: 3 as "file_name" does, 2 as "image" or "path", 1 as "name", "key" or
// "image_id", which beside a better one count something else; 0: not at all.
int PictureColumnRank(const std::string& name);
constexpr int kIdRank = 1;
// The same of the split: 2 of "split", 1 of "set" and "partition", which may be of something else; 0: not at
// all.
int SplitColumnRank(const std::string& name);
constexpr int kSetRank = 1;

// What the columns of the best rank hold, and those of lesser ones.
template <typename Value>
struct BestRanked {
  int rank = 0;
  std::vector<Value> values, lesser;

  void Offer(int its_rank, Value value) {
    if (its_rank == 0) return;
    if (its_rank < rank) return lesser.push_back(std::move(value));
    if (its_rank > rank) std::ranges::move(std::exchange(values, {}), std::back_inserter(lesser));
    rank = its_rank;
    values.push_back(std::move(value));
  }
};

// Sets picture, other names and split, or sets, of a row from fields that are not empty. Throws Error{kData},
// without a place, where two of `splits` differ.
void NameRow(TableRow& row, const BestRanked<std::string>& pictures, const BestRanked<SplitCell>& splits);

// Logs which of a list's `names` are not read: a class or label is one that somebody may miss.
void TellUnread(const std::string& what, const std::vector<std::string>& names,
                const std::function<bool(const std::string&)>& is_read, const std::string& file);

// The fields of the first object of a file of JSON lines; none where it is no such file.
std::vector<std::string> FieldsOfFirstLine(const std::filesystem::path& file);

// Of separated values with a header (table_separated.cc): which column is what.
struct TableColumns {
  char separator = 0;
  std::vector<std::string> names;
  BestRanked<size_t> pictures, splits;
  std::vector<size_t> captions;
};
// What the first line of `text` says, if it names a column of pictures; of captions, too, with `captions`.
std::optional<TableColumns> ReadHeader(const std::string& text, bool captions = true);
// The rows below the header; `file`: for `where`.
std::vector<TableRow> RowsWithHeader(const std::string& text, const TableColumns& columns,
                                     const std::string& file, Complaints& complaints);

// Lines "NAME.jpg#0 <tab> caption" without a header (table_lines.cc).
bool IsTokenLine(const std::string& line);
std::vector<TableRow> TokenRows(const std::filesystem::path& file, Complaints& complaints);

// JSON (table_json.cc): an object a line, {"file_name": ..., "text": ...}.
bool LooksLikeJsonLines(const std::string& text);
std::vector<TableRow> RowsOfLines(const std::filesystem::path& file, Complaints& complaints);
// [{"file_name": ..., "text": ...}, ...] or {"NAME.jpg": caption or list}.
bool LooksLikeJsonTable(const std::string& text);
std::vector<TableRow> RowsOfJson(const std::filesystem::path& file, Complaints& complaints);

}  // namespace helio::dataio
