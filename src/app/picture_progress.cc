#include "src/app/picture_progress.h"

#include <cstdio>
#include <memory>

#include "src/base/log.h"
#include "src/base/seconds.h"
#include "src/train/progress.h"
#include "src/train/progress_bar.h"

namespace helio::app {
namespace {

class Passes {
 public:
  explicit Passes(std::string what) : what_(std::move(what)) {}

  void Tell(int64_t judged, int64_t all) {
    if (!bar_) Start(all);
    bar_->Step(judged, judged - judged_);
    judged_ = judged;
    if (judged == all) End();
  }

 private:
  void Start(int64_t all) {
    bar_ = std::make_unique<train::ProgressBar>(all, train::IsTerminal(), "picture");
    judged_ = 0;
  }

  void End() {
    bar_.reset();
    const auto now = Clock::now();
    const double seconds = std::max(1e-9, Seconds(now - begun_));
    char speed[64];
    std::snprintf(speed, sizeof speed, "%.1f s, %.1f images/s", seconds,
                  static_cast<double>(judged_) / seconds);
    LOG(INFO) << what_ << ": " << judged_ << " judged in " << speed;
    begun_ = now;
  }

  const std::string what_;
  Clock::time_point begun_ = Clock::now();
  std::unique_ptr<train::ProgressBar> bar_;
  int64_t judged_ = 0;
};

}  // namespace

eval::ProgressCallback PictureProgress(const std::string& what, int rank) {
  if (rank > 0) return {};
  return
      [passes = std::make_shared<Passes>(what)](int64_t judged, int64_t all) { passes->Tell(judged, all); };
}

}  // namespace helio::app
