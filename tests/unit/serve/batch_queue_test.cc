#include "src/serve/batch_queue.h"

#include <gtest/gtest.h>

#include "src/serve/request_error.h"

namespace helio::serve {
namespace {

DrawRequest Asked(const std::string& caption, int64_t pictures = 1) {
  DrawRequest request;
  request.caption = caption;
  request.pictures = pictures;
  return request;
}

// Draws nothing: answers with the captions, notes the batches, and waits while it is told to.
class FakeDrawing {
 public:
  std::vector<Json> operator()(const std::vector<DrawRequest>& requests) {
    std::unique_lock lock(mutex_);
    std::vector<std::string> captions;
    for (const auto& request : requests) captions.push_back(request.caption);
    batches_.push_back(captions);
    changed_.notify_all();
    changed_.wait(lock, [&] { return open_; });
    for (const auto& caption : captions)
      if (caption == "bad") throw std::runtime_error("cannot be drawn");
    return {captions.begin(), captions.end()};
  }

  void WaitForBatches(size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return batches_.size() >= count; });
  }
  void Open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  std::vector<std::vector<std::string>> batches() {
    const std::lock_guard lock(mutex_);
    return batches_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  std::vector<std::vector<std::string>> batches_;
};

// A queue whose first batch, the caption "first" alone, is under way and waits.
class BusyQueue : public ::testing::Test {
 protected:
  void Begin(int64_t batch, int64_t waiting) {
    queue_ = std::make_unique<BatchQueue>([this](const auto& requests) { return drawing_(requests); }, batch,
                                          waiting);
    Ask("first");
    drawing_.WaitForBatches(1);
  }
  // Asks in a thread of its own.
  void Ask(const std::string& caption, int64_t pictures = 1) {
    answers_.push_back(std::async(std::launch::async, [=, this] {
      return queue_->Answer(Asked(caption, pictures)).get<std::string>();
    }));
  }
  // Until so many pictures wait.
  void WaitFor(int64_t pictures) const {
    while (queue_->waiting() < pictures) std::this_thread::yield();
  }
  std::string Answer(size_t i) {
    try {
      return answers_[i].get();
    } catch (const RequestError& error) {
      return error.code();
    } catch (const std::exception& error) {
      return error.what();
    }
  }

  FakeDrawing drawing_;
  std::unique_ptr<BatchQueue> queue_;
  std::vector<std::future<std::string>> answers_;
};

TEST_F(BusyQueue, AnswersEachWithItsOwn) {
  Begin(4, 100);
  for (const char* caption : {"a", "b", "c", "d", "e"}) Ask(caption);
  drawing_.Open();
  const std::vector<std::string> expected{"first", "a", "b", "c", "d", "e"};
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(Answer(i), expected[i]);
}

TEST_F(BusyQueue, DrawsTogetherWhatWaited) {
  Begin(4, 100);
  for (int i = 0; i < 4; ++i) Ask("two", 2);
  WaitFor(8);
  drawing_.Open();
  for (size_t i = 0; i < 5; ++i) EXPECT_EQ(Answer(i), i == 0 ? "first" : "two");
  const std::vector<std::string> pair{"two", "two"};
  EXPECT_EQ(drawing_.batches(), (std::vector<std::vector<std::string>>{{"first"}, pair, pair}));
}

TEST_F(BusyQueue, NeverDividesARequest) {
  Begin(4, 100);
  for (int i = 0; i < 2; ++i) Ask("three", 3);
  WaitFor(6);
  drawing_.Open();
  for (size_t i = 1; i < 3; ++i) EXPECT_EQ(Answer(i), "three");
  EXPECT_EQ(drawing_.batches().size(), 3u);
}

TEST_F(BusyQueue, RefusesWhenTooManyWait) {
  Begin(4, 5);
  Ask("three", 3);
  WaitFor(3);
  EXPECT_THROW(queue_->Answer(Asked("more", 3)), RequestError);
  Ask("two", 2);
  WaitFor(5);
  drawing_.Open();
  EXPECT_EQ(Answer(1), "three");
  EXPECT_EQ(Answer(2), "two");
}

TEST_F(BusyQueue, ABadRequestFailsAlone) {
  Begin(8, 100);
  Ask("good");
  Ask("bad");
  Ask("better");
  WaitFor(3);
  drawing_.Open();
  EXPECT_EQ(Answer(1), "good");
  EXPECT_EQ(Answer(2), "cannot be drawn");
  EXPECT_EQ(Answer(3), "better");
}

TEST_F(BusyQueue, AnswersWhatWaitsWhenItIsClosed) {
  Begin(8, 100);
  Ask("second");
  WaitFor(1);
  std::thread closing([this] { queue_->Close(); });
  drawing_.Open();
  closing.join();
  EXPECT_EQ(Answer(0), "first");
  EXPECT_EQ(Answer(1), "second");
  Ask("late");
  EXPECT_EQ(Answer(2), "stopping");
}

TEST_F(BusyQueue, LetsOneLargeRequestWait) {
  Begin(2, 1);
  Ask("large", 5);
  WaitFor(5);
  drawing_.Open();
  EXPECT_EQ(Answer(0), "first");
  EXPECT_EQ(Answer(1), "large");
}

}  // namespace
}  // namespace helio::serve
