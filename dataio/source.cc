#include "dataio/source.h"

#include <algorithm>
#include <sstream>

#include "src/base/byte_order_mark.h"
#include "src/base/error.h"
#include "src/base/file_system.h"
#include "src/base/log.h"

namespace helio::dataio {

void Complaints::Settle(const std::string& where) const {
  if (complaints_.empty()) return;
  constexpr size_t kNamed = 8;
  std::string first;
  for (size_t i = 0; i < complaints_.size() && i < kNamed; ++i) first += (i ? "; " : "") + complaints_[i];
  const std::string summary = std::to_string(complaints_.size()) +
                              (complaints_.size() == 1 ? " record" : " records") +
                              " that cannot be used: " + first + (complaints_.size() > kNamed ? "; ..." : "");
  if (!skip_) ThrowUser("has " + summary, where, "mend the data, or leave these out with --on_missing=skip");
  LOG(WARNING) << where << ": left out " << summary;
}

void MakePlain(std::string& text) {
  DropByteOrderMark(text);
  if (text.find('\n') == std::string::npos) std::replace(text.begin(), text.end(), '\r', '\n');
}

std::string ReadText(const std::filesystem::path& path) {
  auto text = ReadFile(path);
  if (IsUtf16(text)) ThrowData("is UTF-16", path.string(), "save it as UTF-8; Excel calls that CSV UTF-8");
  MakePlain(text);
  return text;
}

std::vector<std::string> ReadLines(const std::filesystem::path& path) {
  std::vector<std::string> lines;
  std::istringstream stream(ReadText(path));
  for (std::string line; std::getline(stream, line);) {
    const auto begin = line.find_first_not_of(" \t\r");
    if (begin == std::string::npos) continue;
    lines.push_back(line.substr(begin, line.find_last_not_of(" \t\r") - begin + 1));
  }
  return lines;
}

}  // namespace helio::dataio
