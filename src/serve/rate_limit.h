#pragma once
#include <map>
#include <mutex>
#include <string>

namespace helio::serve {

// Limits the requests that an address may make in a minute: a token bucket for each address, refilled evenly.
// Thread-safe; its memory is bounded however many addresses come.
class RateLimit {
 public:
  explicit RateLimit(double per_minute) : per_minute_(per_minute) {}
  // 0: the request is admitted; else in how many seconds one will be. `now` in seconds, not falling.
  double Admit(const std::string& address, double now);

 private:
  struct Bucket {
    double left, at;
  };
  void Forget(double now);

  const double per_minute_;
  std::mutex mutex_;
  std::map<std::string, Bucket> buckets_;
};

}  // namespace helio::serve
