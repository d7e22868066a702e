#include "cluster/thread_communicator.h"

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "cluster/reduce_kernels.h"
#include "cluster/sub_world.h"
#include "src/base/error.h"
#include "src/base/text_list.h"

namespace helio::cluster {
namespace {

// What the ranks of one job share: one lock, so that an abort wakes every waiter of every communicator.
struct Job {
  std::mutex mutex;
  std::condition_variable changed;
  std::string failure;  // empty: healthy
};

struct Group;

// One collective call as all ranks see it. The last rank to enter does the work for all.
struct Meeting {
  // Per rank: what it sends, and where it wants the result, if that is somewhere else.
  std::vector<torch::Tensor> sent, received;
  std::vector<int> colors;  // of a split
  std::vector<bool> entered;
  int count = 0;
  bool done = false;
  Clock::time_point finished;
  std::map<int, std::shared_ptr<Group>> groups;  // a split's result
};

struct Group {
  Group(std::shared_ptr<Job> shared, int ranks) : job(std::move(shared)), size(ranks), last_call(ranks) {}

  std::shared_ptr<Job> job;
  int size;
  std::vector<std::string> last_call;  // per rank, for messages
  std::vector<int> hosts;              // per rank
  std::map<uint64_t, std::shared_ptr<Meeting>> meetings;
};

std::vector<const void*> Pointers(const std::vector<torch::Tensor>& tensors, int64_t byte_offset) {
  std::vector<const void*> pointers;
  for (const auto& tensor : tensors)
    pointers.push_back(static_cast<const char*>(tensor.const_data_ptr()) + byte_offset);
  return pointers;
}

void CopyBytes(const torch::Tensor& from, int64_t from_offset, const torch::Tensor& to, int64_t to_offset,
               int64_t bytes) {
  std::memmove(static_cast<char*>(to.mutable_data_ptr()) + to_offset,
               static_cast<const char*>(from.const_data_ptr()) + from_offset, bytes);
}

int64_t Bytes(const torch::Tensor& tensor) { return static_cast<int64_t>(tensor.nbytes()); }

void ReduceAll(Meeting& meeting, Reduce op) {
  const auto& buffers = meeting.sent;
  ReduceParts(buffers[0].mutable_data_ptr(), Pointers(buffers, 0), buffers[0].numel(),
              buffers[0].scalar_type(), op);
  for (size_t rank = 1; rank < buffers.size(); ++rank)
    CopyBytes(buffers[0], 0, buffers[rank], 0, Bytes(buffers[0]));
}

void ReduceSlices(Meeting& meeting, Reduce op) {
  // A part may be a slice of another's `whole`: reduce all before anything is overwritten.
  std::vector<torch::Tensor> results;
  for (size_t rank = 0; rank < meeting.received.size(); ++rank) {
    const auto& part = meeting.received[rank];
    results.push_back(torch::empty({part.numel()}, part.options()));
    ReduceParts(results.back().mutable_data_ptr(),
                Pointers(meeting.sent, static_cast<int64_t>(rank) * Bytes(part)), part.numel(),
                part.scalar_type(), op);
  }
  for (size_t rank = 0; rank < results.size(); ++rank)
    CopyBytes(results[rank], 0, meeting.received[rank], 0, Bytes(results[rank]));
}

void Gather(Meeting& meeting) {
  const int64_t bytes = Bytes(meeting.sent[0]);
  for (const auto& whole : meeting.received)
    for (size_t rank = 0; rank < meeting.sent.size(); ++rank)
      CopyBytes(meeting.sent[rank], 0, whole, static_cast<int64_t>(rank) * bytes, bytes);
}

class ThreadOperation : public Operation {
 public:
  ThreadOperation(std::shared_ptr<Group> group, std::shared_ptr<Meeting> meeting, std::string description,
                  double deadline_seconds)
      : group_(std::move(group)),
        meeting_(std::move(meeting)),
        description_(std::move(description)),
        deadline_seconds_(deadline_seconds),
        started_(Clock::now()) {}

  void Wait() override {
    auto& job = *group_->job;
    std::unique_lock lock(job.mutex);
    const auto until = started_ + FromSeconds(deadline_seconds_);
    const bool in_time =
        job.changed.wait_until(lock, until, [&] { return meeting_->done || !job.failure.empty(); });
    if (!in_time) {
      job.failure = description_ + " passed its deadline of " + std::to_string(deadline_seconds_) +
                    " s; missing: " + Missing();
      job.changed.notify_all();
    }
    if (!meeting_->done) throw Error(ErrorKind::kCluster, job.failure, "", "");
  }

  bool Done() override {
    std::lock_guard lock(group_->job->mutex);
    return meeting_->done;
  }
  Interval under_way() const override { return {Moment::At(started_), Moment::At(meeting_->finished)}; }

 private:
  std::string Missing() const {
    std::string text;
    for (size_t rank = 0; rank < meeting_->entered.size(); ++rank) {
      if (meeting_->entered[rank]) continue;
      const auto& last = group_->last_call[rank];
      AddToList(text, "rank " + std::to_string(rank) +
                          " (last seen: " + (last.empty() ? "nothing yet" : last) + ")");
    }
    return text;
  }

  std::shared_ptr<Group> group_;
  std::shared_ptr<Meeting> meeting_;
  std::string description_;
  double deadline_seconds_;
  Clock::time_point started_;
};

class ThreadCommunicator : public Communicator {
 public:
  ThreadCommunicator(const World& world, std::string name, std::shared_ptr<JobState> job,
                     std::shared_ptr<Group> group)
      : Communicator(world, std::move(name), std::move(job)), group_(std::move(group)) {}

  void Abort(std::string_view cause, int) noexcept override {
    std::lock_guard lock(group_->job->mutex);
    if (group_->job->failure.empty())
      group_->job->failure = "rank " + std::to_string(rank()) + " failed: " + std::string(cause);
    group_->job->changed.notify_all();
  }

 protected:
  using Work = std::function<void(Meeting&)>;

  Pending DoAllReduce(const Call& call, torch::Tensor buffer, Reduce op) override {
    return Enter(call, buffer, {}, [op](Meeting& meeting) { ReduceAll(meeting, op); });
  }
  Pending DoReduceScatter(const Call& call, torch::Tensor whole, torch::Tensor part, Reduce op) override {
    return Enter(call, whole, part, [op](Meeting& meeting) { ReduceSlices(meeting, op); });
  }
  Pending DoAllGather(const Call& call, torch::Tensor part, torch::Tensor whole) override {
    return Enter(call, part, whole, Gather);
  }
  Pending DoBroadcast(const Call& call, torch::Tensor buffer, int root) override {
    return Enter(call, buffer, {}, [root](Meeting& meeting) {
      for (const auto& target : meeting.sent)
        CopyBytes(meeting.sent[root], 0, target, 0, Bytes(meeting.sent[root]));
    });
  }
  void DoBarrier(const Call& call) override {
    Enter(call, {}, {}, [](Meeting&) {}).Wait();
  }

  std::unique_ptr<Communicator> DoSplit(const Call& call, int color, std::string name) override {
    std::vector<int> colors;
    std::shared_ptr<Group> mine;
    const auto make_groups = [this](Meeting& meeting) {
      for (const int one : meeting.colors) {
        if (meeting.groups.contains(one)) continue;
        const auto members = MembersOf(meeting.colors, one);
        auto group = std::make_shared<Group>(group_->job, static_cast<int>(members.size()));
        for (const int member : members) group->hosts.push_back(group_->hosts[member]);
        meeting.groups[one] = std::move(group);
      }
    };
    const auto meeting = Meet(call, {}, {}, color, make_groups);
    MakeOperation(call, meeting).Wait();
    return std::make_unique<ThreadCommunicator>(SubWorld(world(), meeting->colors, group_->hosts),
                                                std::move(name), share_job(), meeting->groups.at(color));
  }

 private:
  Pending Enter(const Call& call, torch::Tensor sent, torch::Tensor received, const Work& work) {
    return MakeOperation(call, Meet(call, std::move(sent), std::move(received), /*color=*/0, work));
  }

  Pending MakeOperation(const Call& call, std::shared_ptr<Meeting> meeting) {
    return Pending(std::make_shared<ThreadOperation>(group_, std::move(meeting), call.Describe(),
                                                     job().deadline_seconds()));
  }

  std::shared_ptr<Meeting> Meet(const Call& call, torch::Tensor sent, torch::Tensor received, int color,
                                const Work& work) {
    std::lock_guard lock(group_->job->mutex);
    group_->last_call[rank()] = call.Describe();
    auto& slot = group_->meetings[call.sequence];
    if (!slot) slot = NewMeeting();
    const auto meeting = slot;
    meeting->sent[rank()] = std::move(sent);
    meeting->received[rank()] = std::move(received);
    meeting->colors[rank()] = color;
    meeting->entered[rank()] = true;
    if (++meeting->count == size()) Finish(call.sequence, *meeting, work);
    return meeting;
  }

  std::shared_ptr<Meeting> NewMeeting() const {
    auto meeting = std::make_shared<Meeting>();
    meeting->sent.resize(size());
    meeting->received.resize(size());
    meeting->colors.resize(size());
    meeting->entered.resize(size());
    return meeting;
  }

  void Finish(uint64_t sequence, Meeting& meeting, const Work& work) {
    work(meeting);
    meeting.sent.clear();
    meeting.received.clear();
    meeting.done = true;
    meeting.finished = Clock::now();
    group_->meetings.erase(sequence);
    group_->job->changed.notify_all();
  }

  std::shared_ptr<Group> group_;
};

// The first exception of any rank, and the abort it causes.
struct Outcome {
  std::mutex mutex;
  std::exception_ptr first;
};

void RunRank(Communicator& communicator, const std::function<void(Communicator&)>& body, Outcome& outcome) {
  try {
    body(communicator);
  } catch (const std::exception& error) {
    {
      std::lock_guard lock(outcome.mutex);
      if (!outcome.first) outcome.first = std::current_exception();
    }
    communicator.Abort(error.what());
  }
}

}  // namespace

void RunThreadRanks(int ranks, const std::function<void(Communicator&)>& body, const Deadlines& deadlines,
                    int ranks_per_host) {
  const int per_host = ranks_per_host > 0 ? ranks_per_host : ranks;
  auto group = std::make_shared<Group>(std::make_shared<Job>(), ranks);
  for (int rank = 0; rank < ranks; ++rank) group->hosts.push_back(rank / per_host);
  Outcome outcome;
  std::vector<std::thread> threads;
  for (int rank = 0; rank < ranks; ++rank) {
    threads.emplace_back([&, world = WorldOfHosts(rank, ranks, per_host)] {
      auto job = std::make_shared<JobState>();
      job->deadlines = deadlines;
      ThreadCommunicator communicator(world, "world", std::move(job), group);
      RunRank(communicator, body, outcome);
    });
  }
  for (auto& thread : threads) thread.join();
  if (outcome.first) std::rethrow_exception(outcome.first);
}

}  // namespace helio::cluster
