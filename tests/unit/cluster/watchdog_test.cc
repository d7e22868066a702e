#include "cluster/watchdog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/base/seconds.h"

namespace helio::cluster {
namespace {

using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::Optional;
using ::testing::StartsWith;

constexpr int kWorld = 1;  // the communicator's number

Call WorldCall(uint64_t sequence) { return {"all_reduce", "g/0", sequence, 7, "world", kWorld}; }

// One of three ranks, on the hosts a, b and c, with made-up beats of the others and a made-up clock.
class WatchedRank {
 public:
  explicit WatchedRank(int rank)
      : peers_{rank, 3, std::vector<Peer>(3, Peer{{}, At(0)})}, watchdog_({"a", "b", "c"}, job_, peers_) {
    job_->deadlines = {1800, 300};
    job_->steps_begun = 2;
    job_->step = 7;
  }

  static Clock::time_point At(double seconds) {
    return Clock::time_point{std::chrono::hours(1)} + FromSeconds(seconds);
  }

  Watchdog& watchdog() { return watchdog_; }
  JobState& job() { return *job_; }

  // This rank has made its call `sequence` of the world at `seconds`; the call waits.
  void Calls(uint64_t sequence, double seconds) {
    watchdog_.Record(WorldCall(sequence));
    call_ = WorldCall(sequence);
    started_ = At(seconds);
  }
  // A beat of `rank` arrives.
  Beat& Hear(int rank, double seconds) {
    auto& peer = peers_.by_rank[static_cast<size_t>(rank)];
    peer.heard = At(seconds);
    return peer.beat;
  }
  // A beat of `rank`, whose latest call of the world was `sequence`.
  void HearAfter(uint64_t sequence, int rank, double seconds) {
    auto& beat = Hear(rank, seconds);
    beat.step = 7;
    beat.sequences[kWorld] = sequence;
    SetText(beat.last, WorldCall(sequence).Describe());
  }
  void HearGoodbye(int rank) { peers_.by_rank[static_cast<size_t>(rank)].left = true; }

  std::optional<std::string> Judge(double seconds) { return watchdog_.Judge(At(seconds), OldestFirst()); }
  std::optional<std::string> Warning(double seconds) { return watchdog_.Warning(At(seconds), OldestFirst()); }
  // When, from `seconds` on, Judge ends the job if nothing more is heard; to a hundredth of a second.
  double EndsAt(double seconds) {
    for (double at = seconds; at < seconds + 10; at += 0.01)
      if (Judge(at)) return at;
    ADD_FAILURE() << "no verdict";
    return 0;
  }
  // Seconds from the start of a call at 0 that it has.
  double HasUntil(double deadline, double now) {
    watchdog_.UpdateBeat(At(now));
    return Seconds(watchdog_.Extended(At(0), At(deadline), At(now)) - At(0));
  }

 private:
  std::vector<Waiting> OldestFirst() const {
    if (call_.sequence == 0) return {};
    return {{&call_, started_, started_ + FromSeconds(job_->deadline_seconds())}};
  }

  std::shared_ptr<JobState> job_ = std::make_shared<JobState>();
  Peers peers_;
  Watchdog watchdog_;
  Call call_;
  Clock::time_point started_;
};

TEST(WatchdogTest, Rank0NamesWhoIsBehindOnceItHasHeardFromAll) {
  WatchedRank rank(0);
  rank.Calls(4, 0);
  rank.HearAfter(4, 1, 300);
  rank.HearAfter(3, 2, 300);
  EXPECT_EQ(rank.Judge(300), std::nullopt);
  EXPECT_FALSE(rank.watchdog().TakeNews());
  EXPECT_EQ(rank.Judge(300.25), std::nullopt);
  EXPECT_TRUE(rank.watchdog().TakeNews());
  EXPECT_FALSE(rank.watchdog().TakeNews());
  EXPECT_EQ(rank.Judge(301.2), std::nullopt);
  EXPECT_THAT(rank.Judge(301.25),
              Optional(Eq("all_reduce #4 'g/0' of world at step 7 on rank 0 passed its deadline of 300 s; "
                          "missing: rank 2 on c (alive, but busy elsewhere; at step 7, after its call of "
                          "all_reduce #3 'g/0' of world at step 7)")));
}

TEST(WatchdogTest, Rank0NamesWhoIsSilent) {
  WatchedRank rank(0);
  rank.Calls(4, 0);
  rank.HearAfter(4, 1, 301);
  rank.HearAfter(4, 2, 290);
  rank.Judge(300.25);
  EXPECT_THAT(rank.Judge(301.5),
              Optional(HasSubstr("missing: rank 2 on c (silent for 11.5 s: stopped, dead or unreachable; "
                                 "last heard of at step 7, after")));
}

TEST(WatchdogTest, WhereNobodyIsMissingALinkIs) {
  WatchedRank rank(0);
  rank.Calls(4, 0);
  rank.Judge(300.25);
  for (const int other : {1, 2}) rank.HearAfter(4, other, 301);
  EXPECT_THAT(rank.Judge(301.25),
              Optional(HasSubstr("missing: no rank, as far as rank 0 knows: a link is down or too slow")));
}

TEST(WatchdogTest, Rank0JudgesWhatAnotherWaitsFor) {
  WatchedRank rank(0);
  rank.watchdog().Record(WorldCall(3));
  rank.HearAfter(4, 1, 100);
  rank.HearAfter(4, 2, 100);
  auto& beat = rank.Hear(2, 100);
  SetText(beat.expired, WorldCall(4).Describe());
  beat.expired_communicator = kWorld;
  beat.expired_sequence = 4;
  EXPECT_EQ(rank.Judge(100), std::nullopt);
  EXPECT_EQ(rank.Judge(100.9), std::nullopt);
  EXPECT_THAT(rank.Judge(101),
              Optional(Eq("all_reduce #4 'g/0' of world at step 7 on rank 2 passed its deadline of 300 s; "
                          "missing: rank 0 on a (busy elsewhere; latest call: all_reduce #3 'g/0' of world "
                          "at step 7)")));
}

TEST(WatchdogTest, TheOthersTellRank0AndSpeakOneBehindTheOther) {
  std::vector<double> ends;
  for (const int own : {0, 1, 2}) {
    WatchedRank rank(own);
    rank.Calls(4, 0);
    EXPECT_EQ(rank.Judge(300.25), std::nullopt);
    EXPECT_TRUE(rank.watchdog().TakeNews());
    EXPECT_EQ(rank.watchdog().beat().expired_communicator, kWorld);
    EXPECT_EQ(rank.watchdog().beat().expired_sequence, 4u);
    EXPECT_THAT(rank.watchdog().beat().expired.data(), StartsWith("all_reduce #4 'g/0' of world"));
    ends.push_back(rank.EndsAt(300.25));
  }
  EXPECT_NEAR(ends[0], 301.25, 0.02);
  EXPECT_GT(ends[1], 303.25);
  EXPECT_GT(ends[2], ends[1]);
}

TEST(WatchdogTest, ARankKnowsOfRank0Only) {
  WatchedRank rank(2);
  rank.Calls(4, 0);
  rank.HearAfter(4, 0, 290);
  rank.Judge(300.25);
  const auto verdict = rank.Judge(306);
  EXPECT_THAT(verdict, Optional(HasSubstr("missing: rank 0 on a (silent for 16.0 s")));
  EXPECT_THAT(verdict, Optional(Not(HasSubstr("rank 1"))));
}

TEST(WatchdogTest, WarnsLongBeforeTheDeadlineOnceACall) {
  WatchedRank rank(0);
  EXPECT_EQ(rank.Warning(100), std::nullopt);  // nothing waits
  rank.Calls(4, 0);
  rank.HearAfter(4, 1, 60);
  rank.HearAfter(3, 2, 60);
  EXPECT_EQ(rank.Warning(59.9), std::nullopt);
  EXPECT_THAT(
      rank.Warning(60.5),
      Optional(StartsWith("all_reduce #4 'g/0' of world at step 7 has waited 60 s of 300 s for rank 2 "
                          "on c (alive, but busy elsewhere; ")));
  EXPECT_EQ(rank.Warning(61), std::nullopt);
  rank.Calls(5, 100);
  EXPECT_THAT(rank.Warning(170), Optional(StartsWith("all_reduce #5")));
}

TEST(WatchdogTest, Rank1WarnsWhereRank0IsSilent) {
  for (const int own : {1, 2}) {
    WatchedRank rank(own);
    rank.Calls(4, 0);
    rank.HearAfter(3, 0, 60);
    EXPECT_EQ(rank.Warning(62), std::nullopt);
    EXPECT_EQ(rank.Warning(64).has_value(), own == 1);
  }
}

TEST(WatchdogTest, Rank0PassesOnWhoIsAtOwnWork) {
  for (const int own : {0, 1}) {
    WatchedRank rank(own);
    rank.Hear(own == 0 ? 2 : 0, 10).own_work = 1;
    rank.watchdog().UpdateBeat(WatchedRank::At(10));
    EXPECT_EQ(rank.watchdog().beat().step, 7);
    EXPECT_EQ(rank.watchdog().beat().own_work, own == 0);
    EXPECT_EQ(rank.watchdog().TakeNews(), own == 0);
  }
}

TEST(WatchdogTest, OwnWorkIsNewsWhenItBeginsAndWhenItEnds) {
  WatchedRank rank(1);
  const auto news = [&] {
    rank.watchdog().UpdateBeat(WatchedRank::At(0));
    return rank.watchdog().TakeNews();
  };
  EXPECT_FALSE(news());
  {
    const OwnWork work(rank.job());
    EXPECT_TRUE(news());
    EXPECT_EQ(rank.watchdog().beat().own_work, 1);
    EXPECT_FALSE(news());
  }
  EXPECT_TRUE(news());
  EXPECT_EQ(rank.watchdog().beat().own_work, 0);
}

TEST(WatchdogTest, OwnWorkOfOthersExtendsADeadlineUpToTheFirstOne) {
  WatchedRank rank(0);
  EXPECT_DOUBLE_EQ(rank.HasUntil(300, 200), 300);
  rank.Hear(1, 200).own_work = 1;
  EXPECT_DOUBLE_EQ(rank.HasUntil(300, 200), 500);
  EXPECT_DOUBLE_EQ(rank.HasUntil(500, 204), 500);  // silent by now: it may be gone
  rank.Hear(1, 1700);
  EXPECT_DOUBLE_EQ(rank.HasUntil(500, 1700), 1800);
  EXPECT_DOUBLE_EQ(rank.HasUntil(1900, 1700), 1900);  // never sooner
}

TEST(WatchdogTest, TellsWhoHasNotLeft) {
  WatchedRank rank(0);
  rank.HearAfter(4, 2, 20);
  rank.HearGoodbye(1);
  EXPECT_EQ(
      rank.watchdog().StillHere(WatchedRank::At(21)),
      "the end of the job on rank 0 passed its deadline of 300 s; missing: rank 2 on c (alive, but busy "
      "elsewhere; at step 7, after its call of all_reduce #4 'g/0' of world at step 7)");
}

}  // namespace
}  // namespace helio::cluster
