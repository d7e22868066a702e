// A long, lossy cable between a network namespace and this one, for kernels without netem:
//   slow_link NETNS INNER OUTER MBIT_PER_S DELAY_MS LOSS_PERCENT
// Makes a TAP device INNER in the namespace (a path) and OUTER here, says "ready", and carries frames between
// them until it is killed: each direction at that rate, each frame that much later, some never. Needs root.
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr double kQueueSeconds = 0.05;  // what the cable's buffer holds; more is dropped

struct Cable {
  double bits_per_second, delay_seconds, loss;
};

[[noreturn]] void Fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

int OpenTap(const char* name) {
  const int fd = ::open("/dev/net/tun", O_RDWR | O_CLOEXEC);
  ifreq request{};
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  std::strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  if (fd < 0 || ::ioctl(fd, TUNSETIFF, &request) != 0) Fail(name);
  return fd;
}

void Enter(const char* path) {
  const int space = ::open(path, O_RDONLY | O_CLOEXEC);
  if (space < 0 || ::setns(space, CLONE_NEWNET) != 0) Fail(path);
  ::close(space);
}

// One way: a thread takes frames in, another lets them out when they are due.
class Direction {
 public:
  Direction(int from, int to, const Cable& cable) : from_(from), to_(to), cable_(cable) {
    std::thread([this] { TakeIn(); }).detach();
    std::thread([this] { LetOut(); }).detach();
  }

 private:
  struct Frame {
    Clock::time_point due;
    std::vector<char> bytes;
  };

  void TakeIn() {
    std::vector<char> buffer(1 << 16);
    for (ssize_t size; (size = ::read(from_, buffer.data(), buffer.size())) > 0;)
      Accept({buffer.begin(), buffer.begin() + size});
  }

  void Accept(std::vector<char> bytes) {
    const auto now = Clock::now();
    free_ = std::max(free_, now);
    if (lost_(random_) < cable_.loss || Seconds(free_ - now).count() > kQueueSeconds) return;
    free_ += After(8 * static_cast<double>(bytes.size()) / cable_.bits_per_second);
    const std::lock_guard lock(mutex_);
    frames_.push_back({free_ + After(cable_.delay_seconds), std::move(bytes)});
    changed_.notify_one();
  }

  void LetOut() {
    while (true) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return !frames_.empty(); });
      const Frame frame = std::move(frames_.front());
      frames_.pop_front();
      lock.unlock();
      std::this_thread::sleep_until(frame.due);
      // A device that is down refuses frames: lost, as on a real cable.
      if (::write(to_, frame.bytes.data(), frame.bytes.size()) < 0) continue;
    }
  }

  static Clock::duration After(double seconds) {
    return std::chrono::duration_cast<Clock::duration>(Seconds(seconds));
  }

  const int from_, to_;
  const Cable cable_;
  std::mt19937 random_{1};
  std::uniform_real_distribution<double> lost_;
  Clock::time_point free_ = {};  // when the cable has carried what was accepted
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Frame> frames_;
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 7) {
    std::fprintf(stderr, "usage: slow_link NETNS INNER OUTER MBIT_PER_S DELAY_MS LOSS_PERCENT\n");
    return 1;
  }
  const int outer = OpenTap(arguments[3]);
  Enter(arguments[1]);
  const int inner = OpenTap(arguments[2]);
  const Cable cable{1e6 * std::atof(arguments[4]), 1e-3 * std::atof(arguments[5]),
                    1e-2 * std::atof(arguments[6])};
  const Direction in(outer, inner, cable), out(inner, outer, cable);
  std::puts("ready");
  std::fflush(stdout);
  while (true) ::pause();
}
