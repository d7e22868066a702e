#include "dataio/source.h"

#include <sstream>

#include "dataio/text.h"
#include "src/base/error.h"
#include "src/base/file_system.h"
#include "src/base/log.h"

namespace helio::dataio {

void Complaints::Settle(const std::string& where) const {
  if (complaints_.empty()) return;
  std::string first;
  for (size_t i = 0; i < complaints_.size() && i < 3; ++i) first += (i ? "; " : "") + complaints_[i];
  const std::string summary = std::to_string(complaints_.size()) +
                              (complaints_.size() == 1 ? " record" : " records") +
                              " that cannot be used: " + first + (complaints_.size() > 3 ? "; ..." : "");
  if (!skip_)
    ThrowUser("has " + summary, where, "complete the data, or leave them out with --on_missing=skip");
  LOG(WARNING) << where << ": left out " << summary;
}

std::vector<std::string> ReadCaptionFile(const std::filesystem::path& path, int limit) {
  const std::string where = path.string();
  if (!std::filesystem::exists(path)) ThrowData("is missing", where);
  std::vector<std::string> captions;
  for (auto& line : ReadLines(path)) {
    if (!IsUtf8(line)) ThrowData("is not UTF-8", where, "convert it, for example with iconv");
    if (limit > 0 && static_cast<int>(captions.size()) == limit) break;
    if (!Tokenize(line).empty()) captions.push_back(std::move(line));
  }
  if (captions.empty()) ThrowData("has no caption", where);
  return captions;
}

std::vector<std::string> ReadLines(const std::filesystem::path& path) {
  std::string text = ReadFile(path);
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    const auto begin = line.find_first_not_of(" \t\r");
    if (begin == std::string::npos) continue;
    lines.push_back(line.substr(begin, line.find_last_not_of(" \t\r") - begin + 1));
  }
  return lines;
}

}  // namespace helio::dataio
