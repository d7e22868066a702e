#include "dataio/text_file.h"

#include <algorithm>

#include "src/base/byte_order_mark.h"
#include "src/base/error.h"
#include "src/base/file_system.h"
#include "src/base/text_list.h"

namespace helio::dataio {

void MakePlain(std::string& text) {
  DropByteOrderMark(text);
  if (text.find('\n') == std::string::npos) std::replace(text.begin(), text.end(), '\r', '\n');
}

std::vector<std::string> TrimmedLines(std::string_view text) {
  std::vector<std::string> lines;
  for (const auto& line : Split(text, '\n')) {
    const auto begin = line.find_first_not_of(" \t\r");
    if (begin == std::string::npos) continue;
    lines.push_back(line.substr(begin, line.find_last_not_of(" \t\r") - begin + 1));
  }
  return lines;
}

std::string ReadText(const std::filesystem::path& path) {
  auto text = ReadFile(path);
  if (IsUtf16(text)) ThrowData("is UTF-16", path.string(), "save it as UTF-8; Excel calls that CSV UTF-8");
  MakePlain(text);
  return text;
}

std::vector<std::string> ReadLines(const std::filesystem::path& path) { return TrimmedLines(ReadText(path)); }

}  // namespace helio::dataio
