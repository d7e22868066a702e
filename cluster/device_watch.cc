#include "cluster/device_watch.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "cluster/gpus.h"
#include "src/base/seconds.h"

namespace helio::cluster {
namespace {

constexpr auto kBetweenRounds = std::chrono::milliseconds(20);
constexpr auto kEndPatience = std::chrono::seconds(5);

}  // namespace

struct DeviceWatch::State {
  const c10::Device device;
  const std::function<void()> failed;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::function<bool()>> added;  // since the last round
  bool running = false, stopping = false;
  std::atomic<Clock::time_point> round_began{Clock::time_point{}};
  std::vector<std::function<bool()>> watches;  // of the thread alone

  void Loop() {
    try {
      MakeCurrent(device);
      while (Await()) Round();
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!stopping) failed();
    }
    const std::lock_guard lock(mutex);
    running = false;
    changed.notify_all();
  }

  // The pause between two rounds; false at the end.
  bool Await() {
    std::unique_lock lock(mutex);
    changed.wait_for(lock, kBetweenRounds, [&] { return stopping; });
    for (auto& watch : added) watches.push_back(std::move(watch));
    added.clear();
    return !stopping;
  }

  void Round() {
    round_began = Clock::now();
    std::erase_if(watches, [](const auto& watch) { return !watch(); });
    round_began = Clock::time_point{};
  }
};

DeviceWatch::DeviceWatch(c10::Device device, std::function<void()> failed)
    : state_(std::make_shared<State>(device, std::move(failed))) {}

void DeviceWatch::Add(std::function<bool()> watch) {
  const std::lock_guard lock(state_->mutex);
  state_->added.push_back(std::move(watch));
  if (state_->running || state_->stopping) return;
  state_->running = true;
  std::thread([state = state_] { state->Loop(); }).detach();
}

double DeviceWatch::StuckSeconds() const {
  const auto began = state_->round_began.load();
  return began == Clock::time_point{} ? 0 : Seconds(Clock::now() - began);
}

void DeviceWatch::Stop() {
  std::unique_lock lock(state_->mutex);
  state_->stopping = true;
  state_->changed.notify_all();
  state_->changed.wait_for(lock, kEndPatience, [&] { return !state_->running; });
}

}  // namespace helio::cluster
