#include "src/serve/batch_queue.h"

#include "src/base/log.h"
#include "src/serve/request_error.h"

namespace helio::serve {

BatchQueue::BatchQueue(Draw draw, int64_t batch, int64_t waiting)
    : draw_(std::move(draw)), batch_(batch), most_waiting_(waiting), thread_([this] { Run(); }) {}

Json BatchQueue::Answer(const DrawRequest& request) {
  std::future<Json> answer;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) throw RequestError(503, "stopping", "the server is about to end");
    // One request alone may always wait, however many pictures it is.
    if (waiting_ > 0 && waiting_ + request.pictures > most_waiting_)
      throw RequestError(503, "too_many_waiting",
                         std::to_string(waiting_) + " pictures wait to be drawn already: ask again later");
    waiting_ += request.pictures;
    jobs_.push_back({request, {}});
    answer = jobs_.back().answer.get_future();
  }
  changed_.notify_all();
  return answer.get();
}

int64_t BatchQueue::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_;
}

void BatchQueue::Close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void BatchQueue::Run() {
  for (auto jobs = Next(); !jobs.empty(); jobs = Next()) DrawTogether(jobs);
}

std::vector<BatchQueue::Job> BatchQueue::Next() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return closed_ || !jobs_.empty(); });
  std::vector<Job> taken;
  int64_t pictures = 0;
  while (!jobs_.empty() && (taken.empty() || pictures + jobs_.front().request.pictures <= batch_)) {
    pictures += jobs_.front().request.pictures;
    taken.push_back(std::move(jobs_.front()));
    jobs_.pop_front();
  }
  waiting_ -= pictures;
  return taken;
}

// A request that cannot be drawn fails alone: where a batch fails, each is drawn by itself.
void BatchQueue::DrawTogether(std::vector<Job>& jobs) {
  std::vector<DrawRequest> requests;
  for (const auto& job : jobs) requests.push_back(job.request);
  std::vector<Json> answers;
  try {
    answers = draw_(requests);
  } catch (...) {
    if (jobs.size() == 1) return jobs[0].answer.set_exception(std::current_exception());
    for (auto& job : jobs) {
      std::vector<Job> alone;
      alone.push_back(std::move(job));
      DrawTogether(alone);
    }
    return;
  }
  CHECK_EQ(answers.size(), jobs.size());
  for (size_t i = 0; i < jobs.size(); ++i) jobs[i].answer.set_value(std::move(answers[i]));
}

}  // namespace helio::serve
