#pragma once
#include <string>
#include <vector>

namespace helio::dataio {

// The records of separated values. With a comma or semicolon as separator a quoted field may hold separators,
// line ends and doubled quotes (RFC 4180); what follows its closing quote belongs to it, too. With a tab or a
// bar quotes are letters like others, but for a pair around a whole field of one line.
class Separated {
 public:
  // `text` must outlive it.
  Separated(const std::string& text, char separator) : text_(text), separator_(separator) {}

  // False at the end. Throws Error{kData}, without a place, where a quote is not closed, or is closed by a
  // later line's opening one; the next record is then that of the next line.
  bool Next(std::vector<std::string>& fields);

 private:
  void TakeLine(std::vector<std::string>& fields);
  std::string Field();
  std::string Quoted();
  std::string Plain();
  bool QuotesWholeField() const;
  size_t EndOfField(size_t from) const;

  const std::string& text_;
  const char separator_;
  size_t at_ = 0;
};

}  // namespace helio::dataio
