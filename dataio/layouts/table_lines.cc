#include <algorithm>
#include <cctype>
#include <optional>

#include "dataio/file_tree.h"
#include "dataio/layouts/table_forms.h"
#include "dataio/text_file.h"
#include "src/base/ascii.h"
#include "src/base/text_list.h"

namespace helio::dataio {
namespace fs = std::filesystem;
namespace {

// Nothing if the line is of another form.
std::optional<TableRow> TokenRow(const std::string& line, const std::string& where) {
  auto end = line.find_first_of("\t|,");
  const auto number = line.find('#');
  if (number != std::string::npos && number < end) end = std::min(end, line.find(' ', number));
  if (end == std::string::npos) return std::nullopt;
  const auto name = Trimmed(line.substr(0, std::min(number, end)));
  const auto caption = Trimmed(line.substr(end + 1));
  if (!IsPictureName(name) || caption.empty()) return std::nullopt;
  return TableRow{.picture = name, .captions = {caption}, .where = where};
}

// Of any script: what is no ASCII is taken for a letter.
bool HasLetter(const std::string& text) {
  return std::ranges::any_of(text, [](unsigned char c) { return c >= 0x80 || std::isalpha(c) != 0; });
}

// Names of pictures aside, with and without a caption's number.
bool SaysSomething(const std::string& text) {
  constexpr const char* kBetween = " \t,;|";
  for (size_t begin = 0, end = 0; begin < text.size(); begin = end + 1) {
    end = std::min(text.find_first_of(kBetween, begin), text.size());
    const auto word = text.substr(begin, end - begin);
    if (HasLetter(word) && !IsPictureName(word.substr(0, word.find('#')))) return true;
  }
  return false;
}

}  // namespace

// "a.jpg, 3" is a line of a list of classes, "a.jpg <tab> b.jpg#1 <tab> 4" somebody's judgement of a caption
// (Flickr8k's ExpertAnnotations.txt).
bool IsTokenLine(const std::string& line) {
  const auto row = TokenRow(Trimmed(line), "");
  return row && SaysSomething(row->captions[0]);
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

}  // namespace helio::dataio
