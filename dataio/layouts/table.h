#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "dataio/complaints.h"
#include "dataio/source.h"

// Lists of pictures and captions in whichever way they are written.
namespace helio::dataio {

// What a row says of its split, by which column.
struct SplitCell {
  std::string column, split;
};

// A line of a list: which picture, and captions of it.
struct TableRow {
  std::string picture = {};
  std::vector<std::string> captions = {};
  std::string split = {};  // empty: the list does not say
  std::string where = {};  // "captions.csv record 7"
  // The picture's names by other columns that are as sure as the first (see PictureColumnRank).
  std::vector<std::string> also = {};
  int rank = 0;  // of the columns
  // Names of the same picture by lesser columns, for where these find none.
  std::vector<std::string> lesser = {};
  std::vector<SplitCell> sets = {};  // of columns "set" and "partition", until it is known what these are
};

// The rows of a list, by what its beginning shows: a table with a header that names a column of pictures and
// one of captions (comma, semicolon, tab or bar between; quoted as RFC 4180), lines "NAME.jpg#0 <tab>
// caption" without a header, a JSON object a line, or a JSON list of such objects or object {"NAME.jpg":
// caption or list}. Nothing if it is none of these. What is wrong with a single row goes to `complaints`.
std::vector<TableRow> ReadTable(const std::filesystem::path& file, Complaints& complaints);

// Whether ReadTable would find rows; reads the beginning only.
bool LooksLikeTable(const std::filesystem::path& file);

}  // namespace helio::dataio
