#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "dataio/picture_index.h"
#include "dataio/source_reading.h"
#include "dataio/split_rule.h"
#include "src/base/json.h"

// Lists of pictures and captions in whichever way they are written.
namespace helio::dataio {

// A line of a list: which picture, and captions of it.
struct TableRow {
  std::string picture;
  std::vector<std::string> captions;
  std::string split;  // empty: the list does not say
  std::string where;  // "captions.csv record 7"
};

// The rows of a list, by what its beginning shows: a table with a header that names a column of pictures and
// one of captions (comma, semicolon, tab or bar between; quoted as RFC 4180), lines "NAME.jpg#0 <tab>
// caption" without a header, a JSON object a line, or a JSON list of such objects or object {"NAME.jpg":
// caption or list}. Nothing if it is none of these. What is wrong with a single row goes to `complaints`.
std::vector<TableRow> ReadTable(const std::filesystem::path& file, Complaints& complaints);

// Whether ReadTable would find rows; reads the beginning only.
bool LooksLikeTable(const std::filesystem::path& file);

// The columns that are taken: of pictures, of captions.
bool IsPictureColumn(const std::string& name);
bool IsCaptionColumn(const std::string& name);

// Gathers rows by picture, in the order of first appearance, and makes a record of each.
class RowGatherer {
 public:
  RowGatherer(const FileTree& tree, SourceReading& reading, const SplitRule& rule)
      : tree_(tree), reading_(reading), rule_(rule) {}
  // `picture`: relative to the root. `split`: of the list as a whole; empty: it has none.
  void Take(const TableRow& row, const std::filesystem::path& picture, const std::string& split);
  // Adds the records; pictures of the tree that no row named are logged as left out.
  void Finish();

 private:
  struct Gathered {
    SourceRecord record;
    std::string split;
  };
  const FileTree& tree_;
  SourceReading& reading_;
  const SplitRule& rule_;
  std::vector<Gathered> gathered_;
  std::map<std::string, size_t> place_;  // picture -> in gathered_
};

}  // namespace helio::dataio
