#pragma once
#include <filesystem>
#include <optional>
#include <set>
#include <string>

#include "dataio/split_rule.h"

namespace helio::dataio {

// The splits of a list of captions: what its rows say; of those that say nothing what the rule beside it
// says; where that leaves them open and other rows say something, they are the other split, or left out:
// tenths would mix what somebody kept apart. One thread.
class RowSplits {
 public:
  // `by`, for the log: "by the list of captions". `rule` must outlive it.
  RowSplits(std::string by, const SplitRule& rule) : by_(std::move(by)), rule_(rule) {}
  // What a row says; empty: nothing. All before Of.
  void Hear(const std::string& split);
  // The split of a picture whose row says `split`, as SplitRule::Of: empty is left open, nothing is left out.
  // Throws Error{kData} as that does.
  std::optional<std::string> Of(const std::string& split, const std::filesystem::path& picture);
  // What made the splits of all that were asked for.
  std::string text() const;

 private:
  const std::string by_;
  const SplitRule& rule_;
  std::set<std::string> said_;
  int64_t ruled_ = 0, rest_ = 0;
};

}  // namespace helio::dataio
