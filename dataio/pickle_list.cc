#include "dataio/pickle_list.h"

#include "src/base/error.h"
#include "src/base/file_system.h"

namespace helio::dataio {
namespace {

class PickleReader {
 public:
  PickleReader(std::string bytes, std::string where) : bytes_(std::move(bytes)), where_(std::move(where)) {}

  std::vector<std::string> Strings() {
    while (true) {
      const char opcode = Take(1)[0];
      if (opcode == '.') return std::move(strings_);
      Step(opcode);
    }
  }

 private:
  // An opcode of pickletools: what a list of strings is made of. Structure and memo are read and left out.
  void Step(char opcode) {
    static constexpr std::string_view kStructure = "(l]aet\r\n\x94", kLines = "pgI", kOneByte = "qh\x80",
                                      kFourBytes = "rj", kEightBytes = "\x95";
    const auto is = [opcode](std::string_view kind) { return kind.find(opcode) != std::string_view::npos; };
    if (is(kStructure)) return;
    if (is(kLines)) {
      Line();
    } else if (is(kOneByte)) {
      Take(1);
    } else if (is(kFourBytes)) {
      Take(4);
    } else if (is(kEightBytes)) {
      Take(8);
    } else {
      strings_.push_back(String(opcode));
    }
  }

  std::string String(char opcode) {
    switch (opcode) {
      case 'S':
        return Unquote(Line());
      case 'V':
        return Line();
      case 'U':
      case '\x8c':
        return Take(Size(1));
      case 'X':
      case 'T':
        return Take(Size(4));
      case '\x8d':
        return Take(Size(8));
      default:
        ThrowData("is not a plain pickled list of strings", where_,
                  "write the names into a .txt in its place, one a line");
    }
  }

  std::string Take(size_t size) {
    if (bytes_.size() - position_ < size) ThrowData("pickle is truncated", where_);
    position_ += size;
    return bytes_.substr(position_ - size, size);
  }

  std::string Line() {
    const auto end = bytes_.find('\n', position_);
    if (end == std::string::npos) ThrowData("pickle is truncated", where_);
    std::string line = bytes_.substr(position_, end - position_);
    position_ = end + 1;
    if (line.ends_with('\r')) line.pop_back();
    return line;
  }

  // A number of so many bytes.
  size_t Size(size_t length) {
    const std::string bytes = Take(length);
    size_t size = 0;
    for (size_t i = 0; i < length; ++i)
      size |= static_cast<size_t>(static_cast<unsigned char>(bytes[i])) << 8 * i;
    return size;
  }

  std::string Unquote(const std::string& text) {
    if (text.size() < 2 || text.front() != text.back()) ThrowData("pickle holds a damaged string", where_);
    return text.substr(1, text.size() - 2);
  }

  const std::string bytes_, where_;
  size_t position_ = 0;
  std::vector<std::string> strings_;
};

}  // namespace

std::vector<std::string> ReadPickledStrings(const std::filesystem::path& path) {
  return PickleReader(ReadFile(path), path.string()).Strings();
}

}  // namespace helio::dataio
