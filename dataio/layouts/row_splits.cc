#include "dataio/layouts/row_splits.h"

#include "dataio/split_names.h"

namespace helio::dataio {

void RowSplits::Hear(const std::string& split) {
  if (const auto name = SplitOfWord(split); !name.empty()) said_.insert(name);
}

std::optional<std::string> RowSplits::Of(const std::string& split, const std::filesystem::path& picture) {
  if (!split.empty()) return split;
  auto ruled = rule_.Of(picture);
  if (said_.empty()) return ruled;
  const bool open = ruled && ruled->empty();
  ++(open ? rest_ : ruled_);
  return open ? SplitOfTheRest(said_) : ruled;
}

std::string RowSplits::text() const {
  if (said_.empty()) return rule_.text();
  auto text = by_;
  if (ruled_ > 0) text += ", where it says none " + rule_.text();
  if (const auto split = SplitOfTheRest(said_); split && rest_ > 0)
    text += ", " + *split + ": the rest, " + std::to_string(rest_) + " that say none";
  return text;
}

}  // namespace helio::dataio
