#include "src/base/failure.h"

#include <filesystem>

#include "src/base/error.h"
#include "src/base/file_system.h"

namespace helio {

Failure CurrentFailure() {
  try {
    throw;
  } catch (const Error& error) {
    return {error.what(), error.exit_code()};
  } catch (const std::filesystem::filesystem_error& error) {
    const auto known = AsError(error);
    return {known.what(), known.exit_code()};
  } catch (const std::exception& error) {
    return {std::string("internal error: ") + error.what(), kBugCode};
  } catch (...) {
    return {"internal error: an exception of unknown type", kBugCode};
  }
}

}  // namespace helio
