#include "src/train/session.h"

#include <algorithm>
#include <array>

#include "cluster/consistency.h"
#include "cluster/replicas.h"
#include "src/base/random.h"
#include "src/base/seconds.h"
#include "src/train/initial_weights.h"
#include "src/train/loss_report.h"
#include "src/train/stop_signal.h"
#include "src/train/stopwatch.h"
#include "src/train/weights_check.h"

namespace helio::train {

namespace {

// Steps whose events a device keeps until the host reads them.
constexpr int64_t kMostUnread = 100;

bool Due(int64_t step, int64_t every) { return every > 0 && step % every == 0; }

void WarnOfUnreadSchedule(const Trainer& trainer, Schedule schedule) {
  if (schedule != Schedule::kConstant && !trainer.follows_schedule())
    LOG(WARNING) << "--schedule=" << NameIn(kSchedules, schedule)
                 << " does nothing here: all rates of this system go by options of its own";
}

}  // namespace

Session::Session(recipes::System& system, Trainer& trainer, cluster::Communicator& communicator,
                 TrainingMetrics& metrics, SessionOptions options, SessionHooks hooks)
    : system_(system),
      trainer_(trainer),
      communicator_(communicator),
      metrics_(metrics),
      options_(std::move(options)),
      hooks_(std::move(hooks)),
      stragglers_(communicator),
      progress_(options_.steps, options_.global_batch),
      bar_(options_.steps, is_rank0() && IsTerminal()),
      profile_(options_.profile, options_.out / "profile", communicator.rank()),
      scoreboard_(options_.retention.keep_best),
      checkpoints_(system, trainer, communicator, metrics, options_, hooks_) {}

Session::~Session() = default;

int Session::Run() {
  CheckRanksAgree();
  const auto restored = checkpoints_.Restore(options_.resume, /*going_back=*/false, history_);
  const int64_t first = restored.value_or(0);
  metrics_.StartAt(first, static_cast<double>(first) / static_cast<double>(options_.steps_per_epoch));
  if (is_rank0()) WarnOfUnreadSchedule(trainer_, options_.schedule);
  if (is_rank0() && restored) LOG(INFO) << "resumed at step " << first << " of " << options_.steps;
  checkpoints_.WriteBeside();
  // A way back leads to checkpoints of this folder only.
  if (restored && checkpoints_.BeginsAnotherPast(options_.resume)) Checkpoint(first);
  if (!restored && options_.steps == 0)
    Checkpoint(0);  // of the weights that it was given, for programs that draw with them
  const auto start = Clock::now();
  const int64_t last = TrainFrom(first);
  Finish();
  return Verdict(first, last, SecondsSince(start));
}

// The exit code of a run that has come from step `first` to `last`, and a line that says so.
int Session::Verdict(int64_t first, int64_t last, double seconds) const {
  const bool done = last >= options_.steps && !history_.evaluation_pending;
  if (is_rank0() && done)
    LOG(INFO) << "done: " << last << " steps, " << std::max<int64_t>(0, last - first) << " of them now, in "
              << std::fixed << std::setprecision(0) << seconds << " s";
  if (is_rank0() && !done)
    LOG(INFO) << "stopped by a signal at step " << last << "; resume with the same command";
  return done ? 0 : options_.exit_code_requeue;
}

void Session::CheckRanksAgree() {
  const auto weights = recipes::TensorsOf(system_, recipes::Role::kTrained);
  auto digest = WeightsDigest(weights);
  if (AdoptRoundedWeights(communicator_, weights, digest)) {
    trainer_.ResetAverages();
    digest = WeightsDigest(weights);
    if (is_rank0())
      LOG(WARNING)
          << "the ranks' initial weights differed by rounding (other processors, or other numbers of "
          << "threads): all begin with those of rank 0";
  }
  cluster::CheckConsistency(communicator_, {{"data set", options_.identity.data},
                                            {"frozen networks", options_.identity.frozen},
                                            {"initial weights", digest}});
}

// From the state after `step` steps to the last one, or to a signal. The step that it ends at.
int64_t Session::TrainFrom(int64_t step) {
  GoOnFrom(step);
  for (bool stop = false; step < options_.steps && !stop;) {
    OneStep(step);
    stop = AgreeToStop();
    if (stop || OutcomesDue(step + 1))  // a device's last steps are looked at before they are saved
      if (const auto back = GoBackIfDiverged(step + 1)) {
        step = *back;
        if (!stop) GoOnFrom(step);
        continue;
      }
    AfterStep(++step, stop);
    if (stop || CheckpointDue(step)) Checkpoint(step);
  }
  return step;
}

// From a state that was restored, or the first: with the evaluation that did not come to its end there.
void Session::GoOnFrom(int64_t step) {
  hooks_.start_loading(step);
  // Where nobody judges any more (--evaluate_every=0), one that is missing keeps no run from its end.
  history_.evaluation_pending = history_.evaluation_pending && hooks_.evaluate;
  if (!history_.evaluation_pending) return;
  Evaluate(step);
  Checkpoint(step);
}

// Brings the last checkpoint to the disk.
void Session::Finish() {
  checkpoints_.Flush();
  checkpoints_.ReportWrites(/*last=*/true);
  profile_.End();  // behind the checkpoint: a signal leaves little time
  communicator_.Barrier("end of run");
}

void Session::OneStep(int64_t step) {
  communicator_.BeginStep(step);
  profile_.Before(step + 1);
  const auto start = Clock::now();
  const auto device = communicator_.world().device;
  const auto begin = Moment::On(device);
  communicator_.job().waits.Clear();  // waits between steps belong to no step
  StepFacts facts;
  const auto batches = NextBatches();
  facts.data_wait_seconds = SecondsSince(start);
  for (const auto& batch : batches) facts.local_images += batch.rows.local;
  facts.batches_ready = batches.back().ready_behind;
  const double factor = LearningRateFactor(options_.schedule, step, options_.steps, options_.steps_per_epoch);
  report_ = trainer_.Step(batches, ContextOf(step), factor);
  facts.step = step + 1;
  facts.epoch = static_cast<double>(step + 1) / static_cast<double>(options_.steps_per_epoch);
  facts.seconds = SecondsSince(start);
  progress_.Step(facts.data_wait_seconds);
  bar_.Step(step + 1);
  metrics_.Step(facts);
  profile_.After(step + 1, report_);
  outcomes_.Add(step + 1, report_, {begin, Moment::On(device)}, communicator_.job().waits.Drain());
}

// The micro-batches of a step. The host waits for them, whatever the device. Only the profile needs this
// wait; the metrics have it from StepFacts.
std::vector<dataio::Batch> Session::NextBatches() {
  std::vector<dataio::Batch> batches;
  StepReport waited;
  {
    const Stopwatch watch(waited, "data_wait", torch::kCPU);
    while (static_cast<int>(batches.size()) < trainer_.accumulate()) batches.push_back(hooks_.next_batch());
  }
  profile_.Add(waited);
  return batches;
}

recipes::StepContext Session::ContextOf(int64_t step) const {
  recipes::StepContext context;
  // After a rollback the same steps see other noise: what diverged once should not diverge again in the same
  // way.
  context.seed =
      history_.rollbacks == 0 ? options_.seed : RandomKey(options_.seed, "rollback", {history_.rollbacks});
  context.step = step;
  context.device = communicator_.world().device;
  context.dtype = options_.dtype;
  context.steps = options_.steps;
  context.steps_per_epoch = options_.steps_per_epoch;
  return context;
}

void Session::WatchForStragglers(double busy_seconds) {
  const auto slow = stragglers_.Record(busy_seconds);
  if (!slow) return;
  const auto rank = communicator_.rank();
  metrics_.Straggler(slow->seconds[static_cast<size_t>(rank)],
                     std::count(slow->stragglers.begin(), slow->stragglers.end(), rank) > 0);
}

// None among bad steps: a rollback must lead to where the numbers were good.
bool Session::CheckpointDue(int64_t step) const {
  return scoreboard_.ChoosesBest(step) || step == options_.steps ||
         (history_.is_way_back() && Due(step, options_.checkpoint_every));
}

// A CPU has computed its step by now. A device is only asked where the host needs its answer.
bool Session::OutcomesDue(int64_t step) const {
  return communicator_.world().device.is_cpu() || step == options_.steps || Due(step, kMostUnread) ||
         std::ranges::any_of(std::array{options_.log_every, options_.checkpoint_every,
                                        options_.evaluate_every, options_.sample_every},
                             [&](int64_t every) { return Due(step, every); });
}

// Why going on is hopeless; empty where it is not. The same on every rank.
std::string Session::ReadOutcomes() {
  std::string divergence;
  for (const auto& outcome : outcomes_.Read()) {
    metrics_.Outcome(outcome);
    WatchForStragglers(outcome.busy_seconds);
    if (outcome.skipped > 0 && is_rank0())
      LOG(WARNING) << "step " << outcome.step << ": gradient not finite, " << outcome.skipped
                   << " updates left out";
    const auto why = history_.Add(outcome, options_.max_bad_steps);
    if (divergence.empty()) divergence = why;
  }
  return divergence;
}

// Reads the outcomes up to the step `made`: where training has diverged, back to the last checkpoint, with
// other noise; twice to the same one is the end. The step that it goes on from, if it went back.
std::optional<int64_t> Session::GoBackIfDiverged(int64_t made) {
  const auto what = ReadOutcomes();
  if (what.empty()) return std::nullopt;
  const auto give_up = [&](const char* why) {
    ThrowData(what + ", " + why, "step " + std::to_string(made), "lower the learning rates");
  };
  if (is_rank0())
    LOG(ERROR) << "step " << made << ": " << what << ": going back to the last checkpoint with other noise";
  checkpoints_.Flush();
  const auto before = history_;
  const auto back = checkpoints_.Restore(kFromNewest, /*going_back=*/true, history_);
  if (!back) give_up("and there is no checkpoint to go back to");
  if (*back == before.rollback_step) give_up("also after a rollback");
  history_.rollback_step = *back;
  history_.rollbacks = before.rollbacks + 1;
  history_.bad_steps = 0;
  scoreboard_.Clear();  // scores of a step that comes again with other weights
  return back;
}

// Comes before the step is reported or saved, so that weights that differ between ranks reach no checkpoint.
void Session::CheckWeights(int64_t step) {
  if (!Due(step, options_.check_weights_every)) return;
  cluster::CheckReplicas(communicator_, ReplicasOf(system_, trainer_, options_.same_statistics),
                         "step " + std::to_string(step));
}

// Whoever stops a run shall not wait for an evaluation or for pictures: with `stopping` the evaluation is
// left to the resumed run, and the pictures are left out.
void Session::AfterStep(int64_t step, bool stopping) {
  const bool last = step == options_.steps;
  CheckWeights(step);
  if (last || Due(step, options_.log_every)) Log(step);
  if (hooks_.evaluate && (last || Due(step, options_.evaluate_every))) {
    if (stopping)
      history_.evaluation_pending = true;
    else
      Evaluate(step);
  }
  if (!stopping && hooks_.draw_samples && is_rank0() && (last || Due(step, options_.sample_every))) {
    const cluster::OwnWork drawing(communicator_.job());
    DrawSamples(step);
  }
  checkpoints_.ReportWrites();
}

// A full disk must not end a training whose checkpoints may lie on another one.
void Session::DrawSamples(int64_t step) {
  try {
    hooks_.draw_samples(step);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kSystem) throw;
    LOG(ERROR) << "no sample pictures of step " << step << ": " << error.what();
  }
}

void Session::Log(int64_t step) {
  const auto losses = ReportLosses(report_, communicator_, metrics_);
  const auto speed = progress_.NextReport(step);
  metrics_.Speed(speed);
  if (!is_rank0()) return;
  bar_.Clear();
  LOG(INFO) << "step " << step << "/" << options_.steps << losses.line << "  | " << std::fixed
            << std::setprecision(1) << speed.images_per_second << " images/s, data wait "
            << 100 * speed.data_wait_share << " %, ETA " << speed.eta;
  checkpoints_.folder().AppendMetrics(
      {{"step", step}, {"losses", losses.terms}, {"images_per_second", speed.images_per_second}});
}

// What was trained is not lost with an evaluation that fails: where a checkpoint is due it is written first,
// and a run that is resumed from it begins with that evaluation.
void Session::Evaluate(int64_t step) {
  const auto begun = Clock::now();
  if (!history_.evaluation_pending && CheckpointDue(step)) {
    history_.evaluation_pending = true;
    Checkpoint(step);
    checkpoints_.Flush();
  }
  auto scores = Judged(step);
  // Where one rank fails to judge, the others must not report that the evaluation is done.
  communicator_.Barrier("evaluation");
  history_.evaluation_pending = false;
  if (scores.empty()) return;
  scoreboard_.Set(step, std::move(scores));
  if (!is_rank0()) return;
  bar_.Clear();
  scoreboard_.Publish(SecondsSince(begun), metrics_, checkpoints_.folder());
}

std::vector<recipes::ValidationScore> Session::Judged(int64_t step) {
  const cluster::OwnWork judging(communicator_.job());
  return hooks_.evaluate(step);
}

void Session::Checkpoint(int64_t step) {
  checkpoints_.Save(step, history_, scoreboard_.IsOf(step) ? scoreboard_.Values() : Json());
}

bool Session::AgreeToStop() {
  return cluster::AllReduceScalar(communicator_, StopSignalReceived(), cluster::Reduce::kMax, "stop?") > 0;
}

}  // namespace helio::train
