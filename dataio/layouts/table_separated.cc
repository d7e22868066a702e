#include <algorithm>

#include "dataio/layouts/separated.h"
#include "dataio/layouts/table_forms.h"

namespace helio::dataio {
namespace {

TableColumns ColumnsOf(const std::string& line, char separator) {
  TableColumns columns;
  columns.separator = separator;
  BestRanked<size_t> captions;
  Separated(line, separator).Next(columns.names);
  for (size_t i = 0; i < columns.names.size(); ++i) {
    captions.Offer(CaptionColumnRank(columns.names[i]), i);
    columns.splits.Offer(SplitColumnRank(columns.names[i]), i);
    columns.pictures.Offer(PictureColumnRank(columns.names[i]), i);
  }
  columns.captions = captions.values;
  return columns;
}

// More fields than the header names are pieces of an unquoted caption, where that comes last.
void JoinSurplus(std::vector<std::string>& fields, const TableColumns& columns) {
  const size_t known = columns.names.size();
  if (fields.size() <= known) return;
  if (columns.captions != std::vector<size_t>{known - 1})
    ThrowData("has " + std::to_string(fields.size()) + " fields, the header " + std::to_string(known), "",
              "put captions in quotes");
  for (size_t i = known; i < fields.size(); ++i)
    fields[known - 1] += std::string{columns.separator, ' '} + fields[i];
  fields.resize(known);
}

// What a row holds in some columns; short rows lack the last ones.
BestRanked<std::string> Held(const std::vector<std::string>& fields, const BestRanked<size_t>& columns) {
  BestRanked<std::string> held;
  for (const auto column : columns.values)
    if (column < fields.size() && !fields[column].empty()) held.Offer(columns.rank, fields[column]);
  for (const auto column : columns.lesser)
    if (column < fields.size()) held.lesser.push_back(fields[column]);
  return held;
}

BestRanked<SplitCell> HeldSplits(const std::vector<std::string>& fields, const TableColumns& columns) {
  BestRanked<SplitCell> held;
  for (const auto column : columns.splits.values)
    if (column < fields.size() && !fields[column].empty())
      held.Offer(columns.splits.rank, {columns.names[column], fields[column]});
  return held;
}

TableRow RowOfFields(const std::vector<std::string>& fields, const TableColumns& columns) {
  TableRow row;
  NameRow(row, Held(fields, columns.pictures), HeldSplits(fields, columns));
  for (const auto column : columns.captions)
    if (column < fields.size() && !fields[column].empty()) row.captions.push_back(fields[column]);
  if (row.picture.empty() || row.captions.empty())
    ThrowData(std::string("lacks ") + (row.picture.empty() ? "the picture" : "the caption"));
  return row;
}

}  // namespace

std::optional<TableColumns> ReadHeader(const std::string& text, bool captions) {
  const auto line = text.substr(0, text.find('\n'));
  if (std::count(line.begin(), line.end(), '"') % 2 != 0) return std::nullopt;  // the header is one line
  for (const char separator : {',', '\t', '|', ';'}) {
    auto columns = ColumnsOf(line, separator);
    if (columns.pictures.rank > 0 && (!captions || !columns.captions.empty())) return columns;
  }
  return std::nullopt;
}

std::vector<TableRow> RowsWithHeader(const std::string& text, const TableColumns& columns,
                                     const std::string& file, Complaints& complaints) {
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

}  // namespace helio::dataio
