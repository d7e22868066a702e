#include "cluster/speaking_turn.h"

#include <gtest/gtest.h>

namespace helio::cluster {
namespace {

TEST(SpeakingTurnTest, InLineRankZeroDoesNotWaitAndTheOthersComeOneBehindTheOther) {
  EXPECT_EQ(TurnInLine(0), 0);
  EXPECT_DOUBLE_EQ(TurnInLine(1), 3.02);
  EXPECT_DOUBLE_EQ(TurnInLine(2), 3.04);
  EXPECT_DOUBLE_EQ(TurnInLine(60), 4);
}

TEST(SpeakingTurnTest, HeadStartAndSpreadAreTheCallers) {
  EXPECT_EQ(TurnInLine(0, 0.5), 0);
  EXPECT_DOUBLE_EQ(TurnInLine(1, 0.5), 0.52);
  EXPECT_DOUBLE_EQ(TurnInLine(2, 3, {.seconds = 0.1, .ranks = 20}), 3.2);
  EXPECT_DOUBLE_EQ(TurnInLine(60, 3, {.seconds = 0.1, .ranks = 20}), 5);
}

TEST(SpeakingTurnTest, ByKnowledgeRanksZeroAndOneHaveTurnsOfTheirOwn) {
  EXPECT_EQ(TurnByKnowledge(0), 0);
  EXPECT_DOUBLE_EQ(TurnByKnowledge(1), 3);
  EXPECT_DOUBLE_EQ(TurnByKnowledge(2), 6);
  EXPECT_DOUBLE_EQ(TurnByKnowledge(60), 6);
}

}  // namespace
}  // namespace helio::cluster
