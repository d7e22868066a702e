#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

#include "src/base/json.h"
#include "src/serve/draw_request.h"

namespace helio::serve {

// Many clients, one drawing thread: requests that come while a batch is drawn form the next batch, in the
// order of their arrival.
class BatchQueue {
 public:
  // An answer a request, in order. Called in the queue's own thread alone.
  using Draw = std::function<std::vector<Json>(const std::vector<DrawRequest>&)>;

  // `batch`: pictures drawn together, at most, except that one request is never divided; `waiting`: pictures
  // that may wait.
  BatchQueue(Draw draw, int64_t batch, int64_t waiting);
  ~BatchQueue() { Close(); }

  // Blocks until the answer is there. Any thread. Throws RequestError{503} where too many pictures wait or
  // the queue is closed, and whatever drawing this request throws.
  Json Answer(const DrawRequest& request);
  int64_t waiting() const;  // pictures that wait to be drawn
  // Accepts no more requests, draws those that wait, and ends the thread.
  void Close();

 private:
  struct Job {
    DrawRequest request;
    std::promise<Json> answer;
  };

  void Run();
  std::vector<Job> Next();  // waits; none: closed and nothing left
  void DrawTogether(std::vector<Job>& jobs);

  const Draw draw_;
  const int64_t batch_, most_waiting_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  int64_t waiting_ = 0;  // pictures of jobs_
  bool closed_ = false;
  std::thread thread_;  // the last one: it uses the others
};

}  // namespace helio::serve
