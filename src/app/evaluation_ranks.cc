#include "src/app/evaluation_ranks.h"

#include "cluster/consistency.h"
#include "src/base/named_tensors.h"

namespace helio::app {

std::filesystem::path CheckpointOfAll(const std::filesystem::path& path,
                                      cluster::Communicator& communicator) {
  const auto own = communicator.rank() == 0 ? CheckpointFolder(path).string() : "";
  return cluster::GatherStrings(communicator, own, "checkpoint").front();
}

void CheckSameEvaluation(const TrainedModel& model, const eval::Judges& judges, const dataio::Dataset& test,
                         cluster::Communicator& communicator) {
  auto drawing = model.frozen();
  for (const auto& part : model.drawing_parts()) Append(drawing, part.tensors);
  cluster::CheckConsistency(communicator, {{"checkpoint", WeightsDigest(drawing)},
                                           {"data set", test.digest()},
                                           {"--damsm", judges.damsm_digest},
                                           {"--classifier", judges.classifier_digest}});
}

}  // namespace helio::app
