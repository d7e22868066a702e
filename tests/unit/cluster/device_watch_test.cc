#include "cluster/device_watch.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

namespace helio::cluster {
namespace {

void WaitFor(const std::function<bool()>& condition) {
  for (int i = 0; i < 10'000 && !condition(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_TRUE(condition());
}

TEST(DeviceWatchTest, AsksUntilTheAnswerIsNo) {
  std::atomic<int> asked = 0;
  DeviceWatch watch(c10::kCPU, [] { ADD_FAILURE(); });
  watch.Add([&] { return ++asked < 3; });
  WaitFor([&] { return asked == 3; });
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_EQ(asked, 3);
  EXPECT_EQ(watch.StuckSeconds(), 0);
}

TEST(DeviceWatchTest, ADriverThatDoesNotAnswerIsSeenAndLeftBehind) {
  std::promise<void> answer;
  auto answered = std::make_shared<std::shared_future<void>>(answer.get_future());
  {
    DeviceWatch watch(c10::kCPU, [] { ADD_FAILURE(); });
    watch.Add([answered] {
      answered->wait();
      return false;
    });
    WaitFor([&] { return watch.StuckSeconds() > 0.05; });
  }
  answer.set_value();
}

TEST(DeviceWatchTest, ToldOfAnException) {
  std::promise<std::string> told;
  DeviceWatch watch(c10::kCPU, [&] {
    try {
      throw;
    } catch (const std::exception& error) {
      told.set_value(error.what());
    }
  });
  watch.Add([]() -> bool { throw std::runtime_error("injected"); });
  EXPECT_EQ(told.get_future().get(), "injected");
}

}  // namespace
}  // namespace helio::cluster
