#include "src/train/checkpoint_keeper.h"

#include "src/base/log.h"
#include "src/train/checkpoint_files.h"
#include "src/train/resume.h"
#include "src/train/run_state.h"

namespace helio::train {

CheckpointKeeper::CheckpointKeeper(recipes::System& system, Trainer& trainer,
                                   cluster::Communicator& communicator, TrainingMetrics& metrics,
                                   const SessionOptions& options, const SessionHooks& hooks)
    : system_(system),
      trainer_(trainer),
      communicator_(communicator),
      metrics_(metrics),
      options_(options),
      hooks_(hooks) {
  if (!is_rank0()) return;
  run_ = std::make_unique<RunDirectory>(options_.out);
  writer_ = std::make_unique<CheckpointWriter>(run_->checkpoints(), options_.retention,
                                               [this] { run_->SyncMetrics(); });
}

CheckpointKeeper::~CheckpointKeeper() = default;

std::optional<int64_t> CheckpointKeeper::Restore(const std::string& from, bool going_back,
                                                 RunHistory& history) {
  constexpr double kNone = -1;
  std::optional<Snapshot> snapshot;
  if (is_rank0()) {
    const cluster::OwnWork reading(communicator_.job());
    snapshot = Find(from, going_back);
  }
  const double known =
      cluster::BroadcastScalar(communicator_, snapshot ? static_cast<double>(snapshot->step) : kNone);
  const bool found = known != kNone;
  const auto step = found ? static_cast<int64_t>(known) : 0;
  // Where there is no way back the record stays: it tells what happened.
  const bool forgets = !going_back || (found && step != history.rollback_step);
  if (found) {
    RestoreState(snapshot, system_, trainer_, communicator_);
    history.Restore(snapshot, communicator_);
  }
  if (forgets && is_rank0())  // last: a start that is refused changes nothing
    ForgetOtherPast(from, step, history.evaluation_pending);
  return found ? std::optional(step) : std::nullopt;
}

bool CheckpointKeeper::BeginsAnotherPast(const std::string& from) const {
  return cluster::BroadcastScalar(communicator_, is_rank0() && IsOfAnotherPast(from)) != 0;
}

// Rank 0.
bool CheckpointKeeper::IsOfAnotherPast(const std::string& from) const {
  if (from == kFromNewest) return false;
  std::error_code none_there;
  return from == kFromNothing || !std::filesystem::equivalent(std::filesystem::path(from) / "..",
                                                              CheckpointsOf(options_.out), none_there);
}

// Rank 0: sets aside the checkpoints and records after `step`, which the run that goes on from there has not
// gone through; with `unjudged` that step's scores, too.
void CheckpointKeeper::ForgetOtherPast(const std::string& from, int64_t step, bool unjudged) {
  const bool all = IsOfAnotherPast(from);
  SetAsideAfter(run_->checkpoints(), all ? -1 : step);
  if (all)
    run_->SetAsideRecord();
  else
    run_->RewindMetrics(step, unjudged);
}

std::optional<Snapshot> CheckpointKeeper::Find(const std::string& from, bool going_back) const {
  auto snapshot = going_back ? FindWayBack(run_->checkpoints()) : FindCheckpoint(run_->checkpoints(), from);
  if (!snapshot) return snapshot;
  CheckIdentity(*snapshot, options_.identity, options_.resume_override, options_.out.string());
  if (const auto& before = snapshot->info.weight_gradient;
      !before.empty() && before != options_.weight_gradient)
    LOG(WARNING) << "convolutions' weight gradients: by " << before << " in the checkpoint, by "
                 << options_.weight_gradient
                 << " on this kind of processor; the coming steps differ from the old machine's by rounding";
  const auto length = LengthDifference(snapshot->texts[kRunFlagsFile], options_.texts.at(kRunFlagsFile));
  if (!length.empty() && options_.schedule != Schedule::kConstant)
    LOG(WARNING) << length << ": the learning rates of the coming steps follow the new length";
  return snapshot;
}

void CheckpointKeeper::WriteBeside() {
  if (!is_rank0()) return;
  const cluster::OwnWork writing(communicator_.job());
  WriteFileAtomically(options_.out / kRunFlagsFile, options_.texts.at(kRunFlagsFile));
  if (hooks_.started) hooks_.started();
}

// Rank 0: a folder that was removed or emptied meanwhile gets the files it began with, without which its
// checkpoints could not be used. A disk that fails here fails the checkpoint, too, which is reported.
void CheckpointKeeper::KeepFolder() {
  try {
    if (run_->MakeAgainIfRemoved() || !Exists(options_.out / kRunFlagsFile)) WriteBeside();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kSystem) throw;
    LOG(ERROR) << error.what();
  }
}

void CheckpointKeeper::Save(int64_t step, const RunHistory& history, Json scores) {
  const auto optimizer = trainer_.OptimizerState();
  if (!is_rank0()) return;
  const cluster::OwnWork saving(communicator_.job());
  writer_->MakeRoom();  // else two snapshots would be in memory
  KeepFolder();
  auto snapshot = MakeSnapshot(step, optimizer, history);
  snapshot.info.scores = std::move(scores);
  writer_->Save(std::move(snapshot));
}

void CheckpointKeeper::Flush() {
  if (!is_rank0()) return;
  const cluster::OwnWork writing(communicator_.job());
  writer_->Flush();
}

Snapshot CheckpointKeeper::MakeSnapshot(int64_t step, const NamedTensors& optimizer,
                                        const RunHistory& history) const {
  Snapshot snapshot;
  snapshot.step = step;
  snapshot.tensors = StateForCheckpoint(system_, trainer_, optimizer, hooks_.average_buffers);
  CheckFinite(snapshot, options_.out.string());
  snapshot.texts = options_.texts;
  snapshot.info = {.identity = options_.identity,
                   .history = history,
                   .world_size = communicator_.size(),
                   .global_batch = options_.global_batch,
                   .steps_per_epoch = options_.steps_per_epoch,
                   .seed = options_.seed,
                   .version = options_.version,
                   .revision = options_.revision,
                   .weight_gradient = options_.weight_gradient};
  return snapshot;
}

// A failed write is in the log by now.
void CheckpointKeeper::ReportWrites(bool last) {
  if (!is_rank0()) return;
  const bool any_counts = options_.on_checkpoint_failure == AfterFailedWrite::kStop;
  std::optional<WriteOutcome> lost;
  while (const auto outcome = writer_->TakeOutcome()) {
    metrics_.Checkpoint(*outcome);
    if (!outcome->error.empty()) {
      if (last || any_counts) lost = outcome;
      continue;
    }
    if (!any_counts) lost.reset();  // a later one is whole
    LOG(INFO) << "checkpoint of step " << outcome->step << ": " << outcome->bytes / 1000000 << " MB in "
              << std::setprecision(2) << outcome->seconds << " s";
  }
  if (lost)
    throw Error(ErrorKind::kSystem,
                "no checkpoint of step " + std::to_string(lost->step) + ": " + lost->error,
                options_.out.string(), "the older ones are whole; mend that and start again");
}

}  // namespace helio::train
