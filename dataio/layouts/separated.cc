#include "dataio/layouts/separated.h"

#include <algorithm>

#include "src/base/ascii.h"
#include "src/base/error.h"

namespace helio::dataio {

bool Separated::Next(std::vector<std::string>& fields) {
  fields.clear();
  if (at_ >= text_.size()) return false;
  const size_t begin = at_;
  try {
    TakeLine(fields);
  } catch (...) {
    at_ = std::min(text_.find('\n', begin), text_.size() - 1) + 1;
    throw;
  }
  return true;
}

void Separated::TakeLine(std::vector<std::string>& fields) {
  do fields.push_back(Field());
  while (at_ < text_.size() && text_[at_++] == separator_);
}

// Ends before the separator or the line's end.
std::string Separated::Field() {
  while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  if (at_ >= text_.size() || text_[at_] != '"') return Plain();
  return separator_ == ',' || separator_ == ';' || QuotesWholeField() ? Quoted() : Plain();
}

std::string Separated::Plain() {
  const auto end = EndOfField(at_);
  auto field = Trimmed(text_.substr(at_, end - at_));
  at_ = end;
  return field;
}

std::string Separated::Quoted() {
  std::string field;
  bool closed = false;
  for (++at_; at_ < text_.size() && !closed; ++at_) {
    const bool quote = text_[at_] == '"', doubled = quote && at_ + 1 < text_.size() && text_[at_ + 1] == '"';
    closed = quote && !doubled;
    if (doubled) ++at_;
    if (!closed) field += text_[at_];
  }
  if (!closed) ThrowData("a quote is opened and not closed", "", "double quotes that are part of a caption");
  const auto rest = Plain();
  if (!rest.empty() && field.find('\n') != std::string::npos)
    ThrowData("a quote that is opened here is closed in the middle of a later line", "",
              "double quotes that are part of a caption");
  return rest.empty() ? field : field + " " + rest;
}

// From a quote to one before the field's end, with doubled ones alone between them.
bool Separated::QuotesWholeField() const {
  const auto field = Trimmed(text_.substr(at_, EndOfField(at_) - at_));
  if (field.size() < 2 || field.back() != '"') return false;
  size_t single = 0;
  for (size_t i = 1; i + 1 < field.size(); ++i) {
    if (field[i] != '"') continue;
    if (field[i + 1] == '"' && i + 2 < field.size())
      ++i;
    else
      ++single;
  }
  return single == 0;
}

size_t Separated::EndOfField(size_t from) const {
  return std::min(text_.find_first_of(std::string{separator_, '\n'}, from), text_.size());
}

}  // namespace helio::dataio
