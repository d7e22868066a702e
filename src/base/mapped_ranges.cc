#include "src/base/mapped_ranges.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstring>
#include <mutex>
#include <string>

#include "src/base/exit_code.h"

namespace helio {
namespace {

// A signal handler can reach nothing but globals, and allocate nothing.
struct MappedRange {
  std::atomic<const char*> begin{nullptr};  // set last, and cleared first
  size_t size = 0;
  char path[512] = {};
};
std::array<MappedRange, 1024> mapped_ranges;
std::mutex changing_ranges;
struct sigaction action_before {};
static_assert(std::atomic<const char*>::is_always_lock_free);

[[noreturn]] void EndBecauseOf(const MappedRange& range) {
  struct stat now {};
  const bool shrunk = ::stat(range.path, &now) == 0 && static_cast<size_t>(now.st_size) < range.size;
  for (const char* text : {"E ", static_cast<const char*>(range.path),
                           shrunk ? ": was truncated while it was read (replace files as a whole)\n"
                                  : ": cannot be read any more (does its disk or server answer?)\n"})
    if (::write(STDERR_FILENO, text, std::strlen(text)) < 0) break;
  ::_exit(shrunk ? kMistakeCode : kRequeueCode);
}

void OnBusError(int signal, siginfo_t* info, void*) {
  const auto* at = static_cast<const char*>(info->si_addr);
  for (const auto& range : mapped_ranges)
    if (const char* begin = range.begin; begin != nullptr && at >= begin && at < begin + range.size)
      EndBecauseOf(range);
  ::sigaction(signal, &action_before,
              nullptr);  // in no mapping of ours: the fault repeats, under the old action
}

bool Install() {
  struct sigaction action {};
  action.sa_sigaction = &OnBusError;
  action.sa_flags = SA_SIGINFO;
  return ::sigaction(SIGBUS, &action, &action_before) == 0;
}

}  // namespace

void NoteMapping(const void* begin, size_t size, const std::filesystem::path& path) {
  static const bool installed = Install();
  const auto& name = path.native();
  const std::lock_guard lock(changing_ranges);
  const auto free =
      std::ranges::find_if(mapped_ranges, [](const auto& range) { return range.begin == nullptr; });
  if (!installed || free == mapped_ranges.end() || name.size() >= sizeof free->path) return;
  std::memcpy(free->path, name.c_str(), name.size() + 1);
  free->size = size;
  free->begin = static_cast<const char*>(begin);
}

void ForgetMapping(const void* begin) {
  const std::lock_guard lock(changing_ranges);
  const auto noted =
      std::ranges::find_if(mapped_ranges, [&](const auto& range) { return range.begin == begin; });
  if (noted != mapped_ranges.end()) noted->begin = nullptr;
}

}  // namespace helio
