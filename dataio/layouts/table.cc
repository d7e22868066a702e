#include "dataio/layouts/table.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <set>

#include "dataio/file_tree.h"
#include "dataio/layouts/separated.h"
#include "dataio/layouts/table_forms.h"
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

// The first bytes of a file that cannot be opened are none: whoever reads it says why.
std::string BeginningOf(const fs::path& file) {
  std::string text(1 << 14, '\0');
  std::ifstream stream(file, std::ios::binary);
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(std::max<std::streamsize>(stream.gcount(), 0)));
  DropByteOrderMark(text);
  return text;
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

bool IsSplitColumn(const std::string& name) {
  const auto column = ColumnName(name);
  return column == "split" || column == "set" || column == "partition";
}

bool LooksLikeTable(const fs::path& file) {
  const auto text = BeginningOf(file);
  if (SuffixOf(file) == ".json") return LooksLikeJsonTable(text);
  if (SuffixOf(file) == ".jsonl") return LooksLikeJsonLines(text);
  return ReadHeader(text) || IsTokenLine(text.substr(0, text.find('\n')));
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

}  // namespace helio::dataio
