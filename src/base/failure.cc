#include "src/base/failure.h"

#include <filesystem>
#include <new>
#include <string_view>
#include <system_error>

#include "src/base/error.h"
#include "src/base/file_system.h"

namespace helio {
namespace {

Failure UsedUp(std::string_view what) {
  const Error error(ErrorKind::kSystem,
                    "the memory, threads or files of this host are used up: " + std::string(what), "",
                    "a smaller --batch, less of --prefetch and --workers; ulimit -a says what is allowed");
  return {error.what(), error.exit_code()};
}

// Codes of std::system_error where, for one, a thread cannot be started.
bool IsOfResources(const std::error_code& code) {
  return code == std::errc::resource_unavailable_try_again || code == std::errc::not_enough_memory ||
         code == std::errc::too_many_files_open || code == std::errc::too_many_files_open_in_system;
}

// LibTorch says in words only that the host's memory is used up, with its backtrace below them.
bool IsOfTorchAllocator(std::string_view line) { return line.find("DefaultCPUAllocator: ") != line.npos; }

Failure OfOther(const std::exception& error) {
  const std::string_view whole = error.what(), line = whole.substr(0, whole.find('\n'));
  if (IsOfTorchAllocator(line)) return UsedUp(line);
  return {"internal error: " + std::string(whole), kBugCode};
}

}  // namespace

Failure CurrentFailure() {
  try {
    throw;
  } catch (const Error& error) {
    return {error.what(), error.exit_code()};
  } catch (const std::filesystem::filesystem_error& error) {
    const auto known = AsError(error);
    return {known.what(), known.exit_code()};
  } catch (const std::bad_alloc& error) {
    return UsedUp(error.what());
  } catch (const std::system_error& error) {
    return IsOfResources(error.code()) ? UsedUp(error.what()) : OfOther(error);
  } catch (const std::exception& error) {
    return OfOther(error);
  } catch (...) {
    return {"internal error: an exception of unknown type", kBugCode};
  }
}

}  // namespace helio
