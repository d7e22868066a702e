#include "src/serve/rate_limit.h"

#include <algorithm>

namespace helio::serve {
namespace {

constexpr size_t kAddresses = 4096;

}  // namespace

double RateLimit::Admit(const std::string& address, double now) {
  const std::lock_guard lock(mutex_);
  if (buckets_.size() >= kAddresses) Forget(now);
  auto& bucket = buckets_.try_emplace(address, Bucket{per_minute_, now}).first->second;
  bucket.left = std::min(per_minute_, bucket.left + (now - bucket.at) * per_minute_ / 60);
  bucket.at = now;
  if (bucket.left < 1) return (1 - bucket.left) * 60 / per_minute_;
  bucket.left -= 1;
  return 0;
}

// Drops the buckets that are full again; if there are none, the one whose address came longest ago.
void RateLimit::Forget(double now) {
  std::erase_if(buckets_, [&](const auto& entry) {
    return entry.second.left + (now - entry.second.at) * per_minute_ / 60 >= per_minute_;
  });
  if (buckets_.size() >= kAddresses)
    buckets_.erase(std::ranges::min_element(buckets_, {}, [](const auto& entry) { return entry.second.at; }));
}

}  // namespace helio::serve
