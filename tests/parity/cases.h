#pragma once
#include "tests/parity/fixture.h"

namespace helio::parity {

// Replays: load the recorded weights into our networks, run them on the recorded inputs, Give what came out.
void ReplayTextEncoder(Fixture& fixture);
void ReplayConditioningAugmentation(Fixture& fixture);
void ReplayCaptionLoss(Fixture& fixture);
void ReplayWordAttention(Fixture& fixture);
void ReplayGlobalLocalAttention(Fixture& fixture);
void ReplayRegionAttention(Fixture& fixture);
void ReplayWordsLoss(Fixture& fixture);
void ReplaySentenceLoss(Fixture& fixture);
void ReplayGenerator(Fixture& fixture);
void ReplayDiscriminator(Fixture& fixture);
void ReplayGeneratorLoss(Fixture& fixture);
void ReplayImageEncoder(Fixture& fixture);
void ReplayCaptionEncoder(Fixture& fixture);
void ReplayTrajectory(Fixture& fixture);
void ReplayMetrics(Fixture& fixture);
void ReplayStackGanGenerator(Fixture& fixture);
void ReplayStackGanCritic(Fixture& fixture);
void ReplayStackGanTrajectory(Fixture& fixture);
void ReplayTreeGenerator(Fixture& fixture);
void ReplayTreeCritic(Fixture& fixture);
void ReplayColourLoss(Fixture& fixture);
void ReplayTreeTrajectory(Fixture& fixture);
void ReplayTranslator(Fixture& fixture);
void ReplayPatchCritic(Fixture& fixture);
void ReplayImagePool(Fixture& fixture);
void ReplayDecay(Fixture& fixture);
void ReplayCycleGanTrajectory(Fixture& fixture);
void ReplayIntClsGenerator(Fixture& fixture);
void ReplayIntClsCritic(Fixture& fixture);
void ReplayIntClsInterpolation(Fixture& fixture);
void ReplayIntClsTrajectory(Fixture& fixture);
void ReplayGawwnGrid(Fixture& fixture);
void ReplayGawwnGenerator(Fixture& fixture);
void ReplayGawwnCritic(Fixture& fixture);
void ReplayGawwnPoints(Fixture& fixture);
void ReplayGawwnTrajectory(Fixture& fixture);
void ReplayCharCnnRnn(Fixture& fixture);
void ReplayCharTrajectory(Fixture& fixture);
void ReplayPpgnGenerator(Fixture& fixture);
void ReplayPpgnChain(Fixture& fixture);
void ReplayPpgnTrajectory(Fixture& fixture);

struct Case {
  const char* name;
  void (*replay)(Fixture&);
  Tolerance float32;
  // Where set, the case is also replayed in float64 against the recorded float64 run.
  std::optional<Tolerance> float64 = {};
};

// The cases by their name in a file's metadata; nullptr: unknown.
const Case* FindCase(const std::string& name);

}  // namespace helio::parity
