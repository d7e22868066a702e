#include "tests/unit/dataio/few_threads.h"

#include <dlfcn.h>
#include <pthread.h>

#include <atomic>
#include <cerrno>
#include <limits>

namespace helio::dataio {
namespace {

constexpr int kAny = std::numeric_limits<int>::max();
std::atomic<int> threads_left{kAny};

}  // namespace

FewThreads::FewThreads(int count) { threads_left = count; }
FewThreads::~FewThreads() { threads_left = kAny; }

}  // namespace helio::dataio

// In the C library's place, also for the libraries' own calls.
extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*body)(void*),
                              void* argument) noexcept {
  static auto* const real = reinterpret_cast<decltype(&pthread_create)>(::dlsym(RTLD_NEXT, "pthread_create"));
  if (helio::dataio::threads_left != helio::dataio::kAny && helio::dataio::threads_left-- <= 0) return EAGAIN;
  return real(thread, attributes, body, argument);
}
