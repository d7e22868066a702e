#include "cluster/blocking_call.h"

#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>

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

}  // namespace

void CallWithin(double seconds, const std::string& doing, const std::function<void()>& call) {
  std::mutex mutex;
  std::condition_variable returned;
  bool done = false;
  const double turn = TurnInLine(LauncherRank());
  std::thread guard([&] {
    std::unique_lock lock(mutex);
    if (!returned.wait_for(lock, FromSeconds(seconds + turn), [&] { return done; })) GiveUp(doing, seconds);
  });
  call();
  {
    std::lock_guard lock(mutex);
    done = true;
  }
  returned.notify_all();
  guard.join();
}

}  // namespace helio::cluster
