#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "dataio/file_tree.h"
#include "dataio/layouts/table.h"
#include "dataio/source_reading.h"
#include "dataio/split_rule.h"

namespace helio::dataio {

// The picture that a row names, by `find` of a name (empty: there is none). Names that find nothing, or may
// be several, do not count beside one that finds a picture; those of lesser columns are looked for, one after
// the other, where no better one finds any. Throws Error{kData} where two find different ones.
std::filesystem::path PictureOf(const TableRow& row,
                                const std::function<std::filesystem::path(const std::string&)>& find);

// Gathers rows by picture, in the order of first appearance, and makes a record of each.
class RowGatherer {
 public:
  RowGatherer(const FileTree& tree, SourceReading& reading, const SplitRule& rule)
      : tree_(tree), reading_(reading), rule_(rule) {}
  // `picture`: relative to the root. `split`: of the list as a whole; empty: it has none.
  void Add(const TableRow& row, const std::filesystem::path& picture, const std::string& split);
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
