#include "dataio/text_file.h"

#include <algorithm>
#include <utility>

#include "src/base/ascii.h"
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
  for (const auto& line : Split(text, '\n'))
    if (auto trimmed = Trimmed(line); !trimmed.empty()) lines.push_back(std::move(trimmed));
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
