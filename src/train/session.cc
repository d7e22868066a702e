#include "src/train/session.h"

#include <algorithm>
#include <array>

#include "cluster/consistency.h"
#include "src/base/checksum.h"
#include "src/base/finite.h"
#include "src/base/random.h"
#include "src/base/seconds.h"
#include "src/train/stop_signal.h"
#include "src/train/weights_check.h"

namespace helio::train {

using recipes::Role;
using recipes::TensorsOf;

namespace {

bool Due(int64_t step, int64_t every) { return every > 0 && step % every == 0; }

// The way back is to checkpoints that training can go on from.
void CheckFinite(const Snapshot& snapshot, const std::string& where) {
  for (const auto* file : {"model", "average", "average_buffers"}) {
    const auto tensors = snapshot.tensors.find(file);
    if (tensors == snapshot.tensors.end()) continue;
    if (const auto name = FirstNotFinite(tensors->second); !name.empty())
      ThrowData("step " + std::to_string(snapshot.step) + " is not saved: its " + name +
                    " has values that are not finite",
                where, "go on from an older checkpoint with lower learning rates");
  }
}

// A line a score.
std::string TableOf(const std::vector<recipes::ValidationScore>& scores) {
  size_t width = 0;
  for (const auto& score : scores) width = std::max(width, score.name.size());
  std::ostringstream table;
  for (const auto& score : scores)
    table << "\n  " << std::left << std::setw(static_cast<int>(width)) << score.name << std::right
          << std::setw(12) << score.value << "  " << score.protocol;
  return table.str();
}

std::string TextDigest(const std::string& text) { return Digest(std::as_bytes(std::span(text))); }

}  // namespace

void SessionOptions::Declare(OptionList& list) {
  list.Group("What is trained");
  list.AddOperational("out", &out, AnyValue(),
                      "Folder of this run: checkpoints, metrics.jsonl, run.flags, samples");
  list.Group("Optimizers");
  list.Add("schedule", &schedule, OneOf({"constant", "linear_tail", "one_cycle", "staircase"}),
           "Learning rate over the run, for phases without a rate of their own");
  list.AddOperational("max_bad_steps", &max_bad_steps, AtLeast(1),
                      "Stop after this many steps in a row with non-finite gradients (each one is skipped)");
  list.Group("Checkpoints, reports");
  list.AddOperational("resume", &resume, AnyValue(),
                      "auto: newest whole checkpoint in --out; none: start anew; or a checkpoint folder");
  list.AddOperational("resume_override", &resume_override, AnyValue(),
                      "Comma-separated flags that may differ from the checkpoint's");
  list.AddOperational("checkpoint_every", &checkpoint_every, AtLeast(0),
                      "Steps between checkpoints (there is always one at the end)");
  list.AddOperational("keep_last", &retention.keep_last, AtLeast(1), "Newest checkpoints that are kept");
  list.AddOperational("keep_every", &retention.keep_every, AtLeast(0),
                      "Checkpoints at multiples of it are kept for ever (0: none)");
  list.AddOperational("keep_best", &retention.keep_best, AnyValue(),
                      "Keep the best checkpoint by this score of --evaluate_every (r_precision_top1; '-' in "
                      "front: lower is better)");
  list.AddOperational("on_checkpoint_failure", &on_checkpoint_failure, OneOf({"continue", "stop"}),
                      "When a checkpoint cannot be written: continue and try again at the next one, or stop");
  list.AddOperational("log_every", &log_every, AtLeast(1), "Steps between log lines");
  list.AddOperational("check_weights_every", &check_weights_every, AtLeast(0),
                      "Steps between checks that all ranks hold the same weights and averages (0: never)");
  list.AddOperational("profile", &profile, {"FROM-TO, as 21-24", &StepProfile::Admits},
                      "FROM-TO: trace these steps on every rank into --out/profile (docs/profiling.md)");
  list.AddOperational("sample_every", &sample_every, AtLeast(0), "Steps between sample pictures (0: none)");
  list.AddOperational("evaluate_every", &evaluate_every, AtLeast(0), "Steps between evaluations (0: none)");
  list.AddOperational("exit_code_requeue", &exit_code_requeue, Between(0, 255),
                      "Exit code after a checkpoint on SIGTERM or SIGUSR1");
}

Session::Session(recipes::System& system, Trainer& trainer, cluster::Communicator& communicator,
                 TrainingMetrics& metrics, SessionOptions options, SessionHooks hooks)
    : system_(system),
      trainer_(trainer),
      communicator_(communicator),
      metrics_(metrics),
      options_(std::move(options)),
      schedule_(ParseSchedule(options_.schedule)),
      hooks_(std::move(hooks)),
      stragglers_(communicator),
      progress_(options_.steps, options_.global_batch),
      bar_(options_.steps, is_rank0() && IsTerminal()),
      profile_(options_.profile, options_.out / "profile", communicator.rank()) {
  if (!is_rank0()) return;
  run_ = std::make_unique<RunDirectory>(options_.out);
  writer_ = std::make_unique<CheckpointWriter>(run_->checkpoints(), options_.retention,
                                               [this] { run_->SyncMetrics(); });
}

Session::~Session() = default;

int Session::Run() {
  CheckRanksAgree();
  const int64_t step = Restore(options_.resume, /*going_back=*/false);
  if (is_rank0() && step > 0) LOG(INFO) << "resumed at step " << step << " of " << options_.steps;
  if (is_rank0()) WriteFileAtomically(options_.out / "run.flags", options_.texts.at("run.flags"));
  if (is_rank0() && hooks_.started) {
    const cluster::OwnWork writing(communicator_.job());
    hooks_.started();
  }
  // A way back leads to checkpoints of this folder only.
  if (step > 0 && options_.resume != "auto" && options_.resume != "none") Checkpoint(step);
  return Loop(step);
}

void Session::CheckRanksAgree() {
  cluster::CheckConsistency(communicator_,
                            {{"version", options_.version},
                             {"configuration", TextDigest(options_.identity.flags)},
                             {"data set", options_.identity.data},
                             {"initial weights", WeightsDigest(TensorsOf(system_, Role::kTrained))}});
  // Who evaluates or logs at other steps waits in other collectives than the others.
  cluster::CheckConsistency(communicator_, options_.cadence);
}

int64_t Session::Restore(const std::string& from, bool going_back) {
  int64_t step = 0;
  std::optional<Snapshot> snapshot;
  if (is_rank0()) {
    const cluster::OwnWork reading(communicator_.job());
    snapshot = FindSnapshot(from);
    if (snapshot) step = snapshot->step;
    // Where there is no way back the record stays: it tells what happened.
    if (!going_back || (snapshot && step != rollback_step_)) {
      SetAsideNewer(run_->checkpoints(), step);
      run_->RewindMetrics(step, snapshot && snapshot->info.value("evaluation_pending", 0) != 0);
    }
  }
  step = static_cast<int64_t>(
      cluster::AllReduceScalar(communicator_, static_cast<double>(step), cluster::Reduce::kMax));
  if (step > 0) TakeState(snapshot);
  if (step > 0) TakeInfo(snapshot);
  return step;
}

std::optional<Snapshot> Session::FindSnapshot(const std::string& from) const {
  auto snapshot = FindCheckpoint(run_->checkpoints(), from);
  if (!snapshot) return snapshot;
  CheckIdentity(*snapshot, options_.identity, options_.resume_override, options_.out.string());
  if (const auto before = snapshot->info.value("weight_gradient", options_.weight_gradient);
      before != options_.weight_gradient)
    LOG(WARNING) << "convolutions' weight gradients: by " << before << " in the checkpoint, by "
                 << options_.weight_gradient
                 << " on this kind of processor; the coming steps differ from the old machine's by rounding";
  const auto length = LengthDifference(snapshot->texts["run.flags"], options_.texts.at("run.flags"));
  if (!length.empty() && schedule_ != Schedule::kConstant)
    LOG(WARNING) << length << ": the learning rates of the coming steps follow the new length";
  return snapshot;
}

// What decides the coming steps beside weights and moments.
void Session::TakeInfo(const std::optional<Snapshot>& snapshot) {
  const auto take = [&](const char* key, auto& value) {
    const auto recorded = snapshot ? snapshot->info.value(key, static_cast<int64_t>(value)) : value;
    value = static_cast<std::decay_t<decltype(value)>>(
        cluster::AllReduceScalar(communicator_, static_cast<double>(recorded), cluster::Reduce::kMax));
  };
  take("bad_steps", bad_steps_);
  take("evaluation_pending", evaluation_pending_);
  take("rollbacks", rollbacks_);
  take("rollback_step", rollback_step_);
}

// Rank 0 has read a snapshot; all ranks go on from it.
void Session::TakeState(const std::optional<Snapshot>& snapshot) {
  const auto optimizer = trainer_.OptimizerState();
  std::vector<torch::Tensor> all;
  for (const auto& [part, state] :
       {std::pair<const char*, NamedTensors>{"model", TensorsOf(system_, Role::kTrained)},
        {"optimizer", optimizer},
        {"average", trainer_.AverageState()},
        {"memory", TensorsOf(system_, Role::kMemory)}}) {
    if (snapshot && !state.empty()) {
      const std::string where = "checkpoint of step " + std::to_string(snapshot->step);
      if (!snapshot->tensors.contains(part)) ThrowData(std::string("has no ") + part + ".safetensors", where);
      CopyState(snapshot->tensors.at(part), state, where);
    }
    for (const auto& entry : state) all.push_back(entry.second);
  }
  cluster::BroadcastTensors(communicator_, all);
  trainer_.TakeOptimizerState(optimizer);
}

int Session::Loop(int64_t step) {
  const auto start = std::chrono::steady_clock::now();
  const int64_t first_step = step;
  hooks_.start_loading(step);
  bool stop = false;
  if (evaluation_pending_ && hooks_.evaluate) {
    Evaluate(step);
    Checkpoint(step);
  }
  while (step < options_.steps && !stop) {
    OneStep(step);
    if (OutcomesDue(step + 1) && WentBack(step + 1, step)) continue;
    AfterStep(++step);
    stop = AgreeToStop();
    if (stop && WentBack(step, step)) break;  // a device's last steps are looked at before they are saved
    if (stop || CheckpointDue(step)) Checkpoint(step);
  }
  Flush();
  ReportWrites(/*last=*/true);
  communicator_.Barrier("end of run");
  if (is_rank0() && step >= options_.steps)
    LOG(INFO) << "done: " << step << " steps, " << std::max<int64_t>(0, step - first_step)
              << " of them now, in " << std::fixed << std::setprecision(0) << SecondsSince(start) << " s";
  if (step >= options_.steps) return 0;
  if (is_rank0()) LOG(INFO) << "stopped by a signal at step " << step << "; resume with the same command";
  return options_.exit_code_requeue;
}

void Session::OneStep(int64_t step) {
  communicator_.BeginStep(step);
  profile_.Before(step + 1);
  const auto start = std::chrono::steady_clock::now();
  const int64_t others_before = communicator_.job().waited_nanoseconds;
  StepFacts facts;
  std::vector<dataio::Batch> batches;
  while (static_cast<int>(batches.size()) < trainer_.accumulate()) {
    batches.push_back(hooks_.next_batch());
    facts.local_images += batches.back().rows.local;
  }
  facts.data_wait_seconds = SecondsSince(start);
  facts.batches_ready = batches.back().ready_behind;
  const double factor = LearningRateFactor(schedule_, step, options_.steps, options_.steps_per_epoch);
  report_ = trainer_.Step(batches, ContextOf(step), factor);
  facts.step = step + 1;
  facts.epoch = static_cast<double>(step + 1) / static_cast<double>(options_.steps_per_epoch);
  facts.seconds = SecondsSince(start);
  progress_.Step(facts.data_wait_seconds);
  bar_.Step(step + 1);
  metrics_.Step(facts);
  profile_.After(step + 1, report_);
  outcomes_.Add(step + 1, report_);
  const auto others = static_cast<double>(communicator_.job().waited_nanoseconds - others_before) * 1e-9;
  WatchForStragglers(facts.seconds - others);
}

recipes::StepContext Session::ContextOf(int64_t step) const {
  recipes::StepContext context;
  // After a rollback the same steps see other noise: what diverged once should not diverge again in the same
  // way.
  context.seed = rollbacks_ == 0 ? options_.seed : RandomKey(options_.seed, "rollback", {rollbacks_});
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

// Among bad steps there is none: a way back must lead to where the numbers were good.
bool Session::CheckpointDue(int64_t step) const {
  const bool judged = scores_step_ == step && !options_.retention.keep_best.empty();
  return judged || step == options_.steps || (bad_steps_ == 0 && Due(step, options_.checkpoint_every));
}

// A CPU has computed its step by now. A device is only asked where the host needs its answer.
bool Session::OutcomesDue(int64_t step) const {
  return communicator_.world().device.is_cpu() || step == options_.steps ||
         std::ranges::any_of(std::array{options_.log_every, options_.checkpoint_every,
                                        options_.evaluate_every, options_.sample_every},
                             [&](int64_t every) { return Due(step, every); });
}

// What makes going on hopeless: too many bad steps in a row, or one that no step can mend; else empty. The
// same on every rank.
std::string Session::ReadOutcomes() {
  std::string hopeless;
  for (const auto& outcome : outcomes_.Read()) {
    metrics_.Outcome(outcome);
    bad_steps_ = outcome.good() ? 0 : bad_steps_ + 1;
    if (outcome.skipped > 0 && is_rank0())
      LOG(WARNING) << "step " << outcome.step << ": gradient not finite, " << outcome.skipped
                   << " updates left out";
    if (!hopeless.empty()) continue;
    if (!outcome.finite)
      hopeless = "it made weights that are not finite";
    else if (bad_steps_ >= options_.max_bad_steps)
      hopeless = std::to_string(bad_steps_) + " steps in a row had non-finite gradients";
  }
  return hopeless;
}

// Reads the outcomes up to the step `made`: where they are hopeless, back to the last checkpoint, with other
// noise; twice to the same one is the end.
bool Session::WentBack(int64_t made, int64_t& step) {
  const auto what = ReadOutcomes();
  if (what.empty()) return false;
  const auto give_up = [&](const char* why) {
    ThrowData(what + ", " + why, "step " + std::to_string(made), "lower the learning rates");
  };
  if (is_rank0())
    LOG(ERROR) << "step " << made << ": " << what << ": going back to the last checkpoint with other noise";
  Flush();
  const int rollbacks = rollbacks_;
  const int64_t earlier = rollback_step_;
  const int64_t back = Restore("auto", /*going_back=*/true);
  if (back == 0) give_up("and there is no checkpoint to go back to");
  if (back == earlier) give_up("also after a rollback");
  step = rollback_step_ = back;
  rollbacks_ = rollbacks + 1;
  bad_steps_ = 0;
  hooks_.start_loading(step);
  return true;
}

// Before the step is reported or saved: what differs shall not reach a checkpoint.
void Session::CheckWeights(int64_t step) {
  if (!Due(step, options_.check_weights_every)) return;
  cluster::CheckReplicas(communicator_, ReplicasOf(system_, trainer_, options_.same_statistics),
                         "step " + std::to_string(step));
}

void Session::AfterStep(int64_t step) {
  const bool last = step == options_.steps;
  CheckWeights(step);
  if (last || Due(step, options_.log_every)) Log(step);
  if (hooks_.evaluate && (last || Due(step, options_.evaluate_every))) Evaluate(step);
  if (hooks_.draw_samples && is_rank0() && (last || Due(step, options_.sample_every))) {
    const cluster::OwnWork drawing(communicator_.job());
    DrawSamples(step);
  }
  ReportWrites();
}

// A disk that is full must not end a training whose checkpoints may have another.
void Session::DrawSamples(int64_t step) {
  try {
    hooks_.draw_samples(step);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kSystem) throw;
    LOG(ERROR) << "no sample pictures of step " << step << ": " << error.what();
  }
}

void Session::Log(int64_t step) {
  std::vector<torch::Tensor> values;
  for (const auto& term : report_.terms) values.push_back(term.value);
  const auto means = OnHost(values);
  communicator_.Await(communicator_.AllReduce(means, cluster::Reduce::kMean, "losses"));
  const auto speed = progress_.Take(step);
  metrics_.Speed(speed);
  Json losses = Json::object();
  std::map<std::string, double> phases;  // the line shows a figure a phase, the record every term
  for (size_t i = 0; i < report_.terms.size(); ++i) {
    const auto& term = report_.terms[i];
    const double value = means[static_cast<int64_t>(i)].item<double>();
    losses[term.phase + "/" + term.name] = value;
    phases[term.phase] += value;
    metrics_.Loss(term.phase, term.name, value);
  }
  if (!is_rank0()) return;
  bar_.Clear();
  std::ostringstream line;
  line << "step " << step << "/" << options_.steps << std::fixed << std::setprecision(3);
  for (const auto& [phase, value] : phases) line << "  " << phase << " " << value;
  line << std::setprecision(1) << "  | " << speed.images_per_second << " images/s, data wait "
       << 100 * speed.data_wait_share << " %, ETA " << speed.eta;
  LOG(INFO) << line.str();
  run_->AppendMetrics({{"step", step}, {"losses", losses}, {"images_per_second", speed.images_per_second}});
}

// What was trained is not lost with an evaluation that fails: where a checkpoint is due it is written first,
// and a run that is resumed from it begins with that evaluation.
void Session::Evaluate(int64_t step) {
  const auto begun = std::chrono::steady_clock::now();
  if (!evaluation_pending_ && CheckpointDue(step)) {
    evaluation_pending_ = true;
    Checkpoint(step);
    Flush();
  }
  const auto scores = Judged(step);
  evaluation_pending_ = false;
  if (scores.empty()) return;
  scores_step_ = step;
  scores_ = Json::object();
  for (const auto& score : scores) scores_[score.name] = score.value;
  CheckBestExists();
  if (is_rank0()) Record(step, scores, SecondsSince(begun));
}

std::vector<recipes::ValidationScore> Session::Judged(int64_t step) {
  const cluster::OwnWork judging(communicator_.job());
  return hooks_.evaluate(step);
}

void Session::Record(int64_t step, const std::vector<recipes::ValidationScore>& scores, double seconds) {
  WarnOfScores();
  Json protocols = Json::object();
  for (const auto& score : scores) {
    metrics_.Score(score);
    if (!score.protocol.empty()) protocols[score.name] = score.protocol;
  }
  metrics_.Evaluation(seconds);
  bar_.Clear();
  LOG(INFO) << "evaluation at step " << step << ", " << HumanDuration(seconds) << ":" << TableOf(scores);
  run_->AppendMetrics(
      {{"step", step}, {"scores", scores_}, {"protocols", protocols}, {"evaluation_seconds", seconds}});
}

void Session::WarnOfScores() const {
  for (const auto& score : scores_.items())
    if (!std::isfinite(score.value().get<double>()))
      LOG(WARNING) << score.key()
                   << " is not finite: the networks' outputs are not. It is never the best score";
}

void Session::CheckBestExists() const {
  const auto& best = options_.retention.keep_best;
  if (best.empty() || scores_.contains(best.substr(best[0] == '-'))) return;
  std::string known;
  for (const auto& score : scores_.items()) known += " " + score.key();
  ThrowUser("'" + best + "' is no score of this run", "--keep_best", "the scores are" + known);
}

void Session::Checkpoint(int64_t step) {
  ReadOutcomes();  // of the steps before a signal
  const auto optimizer = trainer_.OptimizerState();
  if (!is_rank0()) return;
  const cluster::OwnWork saving(communicator_.job());
  writer_->Save(TakeSnapshot(step, optimizer));
}

void Session::Flush() {
  if (!is_rank0()) return;
  const cluster::OwnWork writing(communicator_.job());
  writer_->Flush();
}

Snapshot Session::TakeSnapshot(int64_t step, const NamedTensors& optimizer) const {
  Snapshot snapshot;
  snapshot.step = step;
  snapshot.tensors["model"] = HostCopies(TensorsOf(system_, Role::kTrained));
  snapshot.tensors["optimizer"] = HostCopies(optimizer);
  snapshot.tensors["average"] = HostCopies(trainer_.AverageState());
  if (const auto memory = TensorsOf(system_, Role::kMemory); !memory.empty())
    snapshot.tensors["memory"] = HostCopies(memory);
  if (hooks_.average_buffers) snapshot.tensors["average_buffers"] = HostCopies(hooks_.average_buffers());
  CheckFinite(snapshot, options_.out.string());
  snapshot.texts = options_.texts;
  snapshot.info = {{"identity", options_.identity.flags},
                   {"data", options_.identity.data},
                   {"vocabulary", options_.identity.vocabulary},
                   {"world_size", communicator_.size()},
                   {"global_batch", options_.global_batch},
                   {"steps_per_epoch", options_.steps_per_epoch},
                   {"seed", options_.seed},
                   {"frozen", options_.identity.frozen},
                   {"bad_steps", bad_steps_},
                   {"evaluation_pending", evaluation_pending_ ? 1 : 0},
                   {"rollbacks", rollbacks_},
                   {"rollback_step", rollback_step_},
                   {"version", options_.version},
                   {"revision", options_.revision},
                   {"weight_gradient", options_.weight_gradient}};
  if (scores_step_ == step) snapshot.info["scores"] = scores_;
  return snapshot;
}

// A failed write is in the log by now. The last one of a run must not fail: its weights exist nowhere else.
void Session::ReportWrites(bool last) {
  if (!is_rank0()) return;
  const auto outcome = writer_->TakeOutcome();
  if (!outcome) return;
  metrics_.Checkpoint(*outcome);
  if (!outcome->error.empty() && (last || options_.on_checkpoint_failure == "stop"))
    throw Error(ErrorKind::kSystem,
                "no checkpoint of step " + std::to_string(outcome->step) + ": " + outcome->error,
                options_.out.string(), "the older ones are whole; start again when there is space");
  if (outcome->error.empty())
    LOG(INFO) << "checkpoint of step " << outcome->step << ": " << outcome->bytes / 1000000 << " MB in "
              << std::setprecision(2) << outcome->seconds << " s";
}

bool Session::AgreeToStop() {
  return cluster::AllReduceScalar(communicator_, StopSignalReceived(), cluster::Reduce::kMax, "stop?") > 0;
}

}  // namespace helio::train
