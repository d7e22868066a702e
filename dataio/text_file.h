#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

// Text as people's programs write it.
namespace helio::dataio {

// In one form: byte-order mark dropped; where no line ends in LF, the CR of old Macs are line ends.
void MakePlain(std::string& text);
// Lines of a text in that form: blanks around them trimmed (a CR, too), blank lines dropped.
std::vector<std::string> TrimmedLines(std::string_view text);

// A text file in that form. Throws Error{kData} where its mark says UTF-16.
std::string ReadText(const std::filesystem::path& path);
// Its TrimmedLines. Throws as ReadText.
std::vector<std::string> ReadLines(const std::filesystem::path& path);

}  // namespace helio::dataio
