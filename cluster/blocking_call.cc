#include "cluster/blocking_call.h"

#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <utility>

#include "cluster/launch_environment.h"
#include "cluster/speaking_turn.h"
#include "src/base/exit_code.h"
#include "src/base/host_name.h"
#include "src/base/log.h"
#include "src/base/seconds.h"

namespace helio::cluster {
namespace {

[[noreturn]] void GiveUp(const std::string& doing, double seconds) {
  LOG(ERROR)
      << doing << " on rank " << LauncherRank() << " on " << HostName() << " passed its deadline of "
      << static_cast<int64_t>(seconds)
      << " s: another rank is stopped, dead or unreachable (which one cannot be told here; its process "
         "says nothing)";
  google::FlushLogFiles(google::GLOG_INFO);
  std::_Exit(kRequeueCode);
}

// Watches the time of a call while it lives; ends with the call, also by an exception.
class Guard {
 public:
  Guard(double seconds, std::string doing)
      : thread_([this, doing = std::move(doing), seconds, turn = TurnInLine(LauncherRank())] {
          std::unique_lock lock(mutex_);
          if (!returned_.wait_for(lock, FromSeconds(seconds + turn), [this] { return done_; }))
            GiveUp(doing, seconds);
        }) {}
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;
  ~Guard() {
    {
      const std::lock_guard lock(mutex_);
      done_ = true;
    }
    returned_.notify_all();
    thread_.join();
  }

 private:
  std::mutex mutex_;
  std::condition_variable returned_;
  bool done_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace

void CallWithin(double seconds, const std::string& doing, const std::function<void()>& call) {
  const Guard guard(seconds, doing);
  call();
}

}  // namespace helio::cluster
