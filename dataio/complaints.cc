#include "dataio/complaints.h"

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

}  // namespace helio::dataio
