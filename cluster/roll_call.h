#pragma once
#include <cstddef>
#include <cstring>
#include <type_traits>
#include <vector>

namespace helio::cluster {

// The bytes of every rank of MPI_COMM_WORLD, in rank order, on every rank: an all-gather through rank 0 that
// waits for nobody longer than `seconds` and then throws Error{kCluster} that names the ranks that did not
// come. For start-up, before there is an engine. Collective.
std::vector<char> RollCallBytes(const void* own, size_t bytes, double seconds);

template <typename T>
std::vector<T> RollCall(const T& own, double seconds) {
  static_assert(std::is_trivially_copyable_v<T>);
  const auto bytes = RollCallBytes(&own, sizeof own, seconds);
  std::vector<T> all(bytes.size() / sizeof(T));
  std::memcpy(all.data(), bytes.data(), bytes.size());
  return all;
}

}  // namespace helio::cluster
