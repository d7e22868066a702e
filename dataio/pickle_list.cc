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
  void Step(char opcode) {
    switch (opcode) {
      case '(':
      case 'l':
      case ']':
      case 'a':
      case 'e':
      case 't':
      case '\r':
      case '\n':
        return;  // list structure
      case 'p':
      case 'g':
      case 'I':
        Line();
        return;  // memo
      case 'q':
      case 'h':
        Take(1);
        return;
      case 'r':
      case 'j':
        Take(4);
        return;
      case '\x80':
        Take(1);
        return;  // protocol
      case 'S':
        strings_.push_back(Unquote(Line()));
        return;
      case 'V':
        strings_.push_back(Line());
        return;
      case 'U':
        strings_.push_back(Take(static_cast<unsigned char>(Take(1)[0])));
        return;
      case 'X':
      case 'T':
        strings_.push_back(Take(Size4()));
        return;
      default:
        ThrowData("is not a plain pickled list of strings", where_,
                  "convert it with scripts/convert_vocab.py");
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

  size_t Size4() {
    const std::string bytes = Take(4);
    size_t size = 0;
    for (size_t i = 0; i < 4; ++i) size |= static_cast<size_t>(static_cast<unsigned char>(bytes[i])) << 8 * i;
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
