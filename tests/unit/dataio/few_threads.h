#pragma once

namespace helio::dataio {

// While it lives, no more than `count` further threads are to be had in this process, as where a container's
// limit is reached. One at a time.
class FewThreads {
 public:
  explicit FewThreads(int count);
  FewThreads(const FewThreads&) = delete;
  FewThreads& operator=(const FewThreads&) = delete;
  ~FewThreads();
};

}  // namespace helio::dataio
