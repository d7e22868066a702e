#include "dataio/split_tables.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>
#include <set>

#include "dataio/layouts/separated.h"
#include "dataio/layouts/table_forms.h"
#include "dataio/split_names.h"
#include "dataio/text_file.h"
#include "src/base/ascii.h"
#include "src/base/file_system.h"
#include "src/base/json.h"
#include "src/base/log.h"

namespace helio::dataio {
namespace fs = std::filesystem;
namespace {

using Records = std::vector<std::vector<std::string>>;

// Whole lines that a file begins with: enough to see what it is.
std::string FirstLines(const fs::path& file) {
  auto text = BeginningOf(file);
  if (const auto end = text.rfind('\n'); FileSize(file) > kBeginning && end != std::string::npos)
    text.resize(end + 1);
  return text;
}

// None where quotes are not as they should be.
Records RecordsOf(const std::string& text) {
  const auto separator = text.substr(0, text.find('\n')).find_first_of(",\t|;");
  if (separator == std::string::npos) return {};
  Separated lines(text, text[separator]);
  Records records;
  try {
    for (std::vector<std::string> fields; lines.Next(fields);)
      if (fields.size() > 1 || !fields[0].empty()) records.push_back(fields);
  } catch (const Error&) {
    return {};
  }
  return records;
}

std::string Cell(const std::vector<std::string>& record, size_t column) {
  return column < record.size() ? record[column] : "";
}

// The first record may be the header.
std::optional<size_t> SplitColumn(const Records& records) {
  if (records.size() < 2) return std::nullopt;
  for (size_t i = 0; i < records[0].size(); ++i)
    if (std::all_of(records.begin() + 1, records.end(),
                    [&](const auto& record) { return !SplitOfWord(Cell(record, i)).empty(); }))
      return i;
  return std::nullopt;
}

// The column that names the most pictures: by their files' names, or of at least half of the records; of a
// large set's table few records are of the pictures that are here, and labels are names of some by chance.
std::optional<size_t> PictureColumn(const Records& records, std::optional<size_t> split,
                                    const PictureIndex& index) {
  std::optional<size_t> best;
  std::pair<bool, ptrdiff_t> most = {false, 0};
  for (size_t i = 0; !records.empty() && i < records[0].size(); ++i) {
    const auto known =
        std::ranges::count_if(records, [&](const auto& record) { return index.Knows(Cell(record, i)); });
    const bool files = std::all_of(records.begin() + 1, records.end(),
                                   [&](const auto& record) { return IsPictureName(Cell(record, i)); });
    if (i == split || known == 0) continue;
    if (const std::pair now(files, known); now > most) most = now, best = i;
  }
  return most.first || 2 * most.second >= std::ssize(records) ? best : std::nullopt;
}

std::vector<SplitRow> RowsOfTable(const fs::path& file, const std::string& split_of_file,
                                  const PictureIndex& index) {
  const auto begin = FirstLines(file);
  if (ReadHeader(begin)) return {};  // of captions, too
  const auto first = RecordsOf(begin);
  const auto split = SplitColumn(first), picture = PictureColumn(first, split, index);
  const bool captions = IsTokenLine(begin.substr(0, begin.find('\n')));
  if (!picture || (!split && (split_of_file.empty() || captions))) return {};
  std::vector<SplitRow> rows;
  for (const auto& record : RecordsOf(TextOfTable(file))) {
    const auto said = split ? SplitOfWord(Cell(record, *split)) : split_of_file;
    if (!said.empty()) rows.push_back({Cell(record, *picture), said});
  }
  return rows;
}

// Whether JSON that begins so may be of splits: others may be large.
bool MayBeSplits(std::string text) {
  std::erase_if(text, [](unsigned char c) { return std::isspace(c) != 0; });
  if (text.starts_with("[\"")) return true;
  const auto end = text.starts_with("{\"") ? text.find('"', 2) : std::string::npos;
  if (end == std::string::npos) return false;
  const auto value = text.substr(end + 1);
  if (value.starts_with(":[")) return !SplitOfWord(text.substr(2, end - 2)).empty();
  return value.starts_with(":\"") && !SplitOfWord(value.substr(2, value.find('"', 2) - 2)).empty();
}

// JSON of other names is not opened: there may be one for each picture.
bool SaysSplits(const std::string& name) {
  const auto stem = LowerAscii(name);
  return stem.find("split") != std::string::npos || stem.find("partition") != std::string::npos;
}

// False where `names` is no list of texts.
bool AddNames(const Json& names, const std::string& split, std::vector<SplitRow>& rows) {
  if (!names.is_array() || split.empty()) return false;
  for (const auto& name : names) {
    if (!name.is_string()) return false;
    rows.push_back({name.get<std::string>(), split});
  }
  return true;
}

std::vector<SplitRow> RowsOfSplitJson(const fs::path& file, const std::string& split_of_file) {
  if (!MayBeSplits(FirstLines(file))) return {};
  const Json json = ParseJson(ReadText(file), file.string());
  std::vector<SplitRow> rows;
  if (json.is_array()) return AddNames(json, split_of_file, rows) ? rows : std::vector<SplitRow>();
  for (const auto& [key, value] : json.items()) {
    const auto split = value.is_string() ? SplitOfWord(value.get<std::string>()) : "";
    if (!split.empty())
      rows.push_back({key, split});
    else if (!AddNames(value, SplitOfWord(key), rows))
      return {};
  }
  return rows;
}

// The header of Kaggle's is no row.
std::vector<SplitRow> RowsOfCelebA(const fs::path& file) {
  static const std::map<std::string, std::string> splits = {{"0", "train"}, {"1", "val"}, {"2", "test"}};
  std::vector<SplitRow> rows;
  for (const auto& line : ReadLines(file)) {
    const auto name = line.substr(0, line.find_first_of(" ,\t"));
    if (const auto split = splits.find(line.substr(line.find_last_of(" ,\t") + 1)); split != splits.end())
      rows.push_back({name, split->second});
  }
  return rows;
}

std::vector<SplitRow> AllRows(const fs::path& file, const std::string& split, const PictureIndex& index) {
  if (IsPartitionOfCelebA(file)) return RowsOfCelebA(file);
  return SuffixOf(file) == ".json" ? RowsOfSplitJson(file, split) : RowsOfTable(file, split, index);
}

// Rows of pictures that are there; none where these are the smaller part, of the rows and of the pictures.
std::vector<SplitRow> KnownRows(const fs::path& file, const std::string& split, const PictureIndex& index) {
  auto rows = AllRows(file, split, index);
  const auto all = rows.size();
  std::erase_if(rows, [&](const SplitRow& row) { return !index.Knows(row.picture); });
  return 2 * rows.size() < std::min(all, index.size()) ? std::vector<SplitRow>() : rows;
}

// Of a file whose name says a split among other things, if it holds what a list of that split would.
void TellUncertain(const fs::path& file, const std::string& split, const PictureIndex& index) {
  try {
    if (KnownRows(file, split, index).empty()) return;
  } catch (const Error&) {
    return;  // whatever it is, nobody reads it
  }
  LOG(WARNING) << file.string() << ": is not read: it may be a list of the split '" << split
               << "', or of a fold, or a log (if it is such a list: call it " << split
               << file.extension().string() << ")";
}

// Of a file of which no row is taken: whether somebody meant its splits. `split`: as for TellUncertain.
void TellIfMeant(const fs::path& file, const std::string& split, const PictureIndex& index) {
  const auto begin = FirstLines(file);
  const bool table = SuffixOf(file) != ".json" && !ReadHeader(begin);
  if (IsPartitionOfCelebA(file) || (table && SplitColumn(RecordsOf(begin))))
    LOG(WARNING) << file.string() << ": is not read: it says splits, but of most pictures here it names none "
                 << "(a column of names or paths below the root, each with its suffix)";
  else if (!split.empty())
    TellUncertain(file, split, index);
}

}  // namespace

bool IsPartitionOfCelebA(const fs::path& file) { return file.stem() == "list_eval_partition"; }

std::vector<SplitRow> ReadSplitTable(const fs::path& root, const fs::path& file, const PictureIndex& index) {
  const auto suffix = SuffixOf(file);
  const bool table = suffix == ".csv" || suffix == ".tsv" || IsPartitionOfCelebA(file);
  if (!IsInUpperLevels(file) || (!table && suffix != ".json")) return {};
  const auto stem = file.stem().string(), split = SplitOfName(stem);
  if (!table && split.empty() && !SaysSplits(stem)) return {};
  const bool certain = NamesSplitAlone(stem);
  const auto rows = KnownRows(root / file, certain ? split : "", index);
  if (rows.empty()) TellIfMeant(root / file, certain ? "" : split, index);
  const std::set<SplitRow> once(rows.begin(), rows.end());
  return {once.begin(), once.end()};
}

bool GivesSplits(const fs::path& file) {
  std::set<std::string> splits;
  if (SuffixOf(file) == ".json") {
    for (const auto& row : RowsOfSplitJson(file, "")) splits.insert(row.split);
    return splits.size() > 1;
  }
  const auto begin = FirstLines(file);
  if (ReadHeader(begin) || !SplitColumn(RecordsOf(begin))) return false;
  const auto records = RecordsOf(TextOfTable(file));
  const auto column = SplitColumn(records);
  if (!column) return false;
  for (const auto& record : records)
    if (const auto split = SplitOfWord(Cell(record, *column)); !split.empty()) splits.insert(split);
  return splits.size() > 1;
}

}  // namespace helio::dataio
