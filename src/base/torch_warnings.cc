#include "src/base/torch_warnings.h"

#include <mutex>
#include <set>
#include <string>

#include "src/base/log.h"
#include "src/base/tensor.h"

namespace helio {
namespace {

// cuDNN's recurrent layers want their weights in an order of their own; ours lie in a phase's one buffer, and
// are few.
constexpr char kAlwaysSo[] = "RNN module weights are not part of single contiguous chunk of memory";

class OnceEach : public c10::WarningHandler {
 public:
  void process(const c10::Warning& warning) override {
    const std::string whole = warning.msg(), line = whole.substr(0, whole.find('\n'));
    if (line.starts_with(kAlwaysSo)) return;
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
