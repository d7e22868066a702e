#include "src/base/torch_warnings.h"

#include <mutex>
#include <set>
#include <string>

#include "src/base/log.h"
#include "src/base/tensor.h"

namespace helio {
namespace {

class OnceEach : public c10::WarningHandler {
 public:
  void process(const c10::Warning& warning) override {
    const std::string whole = warning.msg(), line = whole.substr(0, whole.find('\n'));
    const std::lock_guard lock(mutex_);
    if (said_.insert(line).second) LOG(WARNING) << "LibTorch: " << line;
  }

 private:
  std::mutex mutex_;
  std::set<std::string> said_;
};

}  // namespace

void LogTorchWarningsOnce() {
  static auto* const handler = new OnceEach;
  c10::WarningUtils::set_warning_handler(handler);
}

}  // namespace helio
