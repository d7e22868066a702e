#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace helio::dataio {

// The strings of a pickled list of strings (AttnGAN's filenames.pickle), protocols 0 to 5, also
// CRLF-damaged. Nothing is executed: opcodes other than those of plain lists and strings are refused. Throws
// Error{kData}.
std::vector<std::string> ReadPickledStrings(const std::filesystem::path& path);

}  // namespace helio::dataio
