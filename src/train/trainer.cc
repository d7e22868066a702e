#include "src/train/trainer.h"

namespace helio::train {
namespace {

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Adds the time of its scope to the report.
class Stopwatch {
 public:
  Stopwatch(StepReport& report, std::string part) : report_(report), part_(std::move(part)) {}
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;
  ~Stopwatch() { report_.seconds.emplace_back(part_, SecondsSince(start_)); }

 private:
  StepReport& report_;
  const std::string part_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

torch::Tensor Total(const recipes::LossTerms& terms) {
  torch::Tensor total;
  for (const auto& term : terms) total = total.defined() ? total + term.value : term.value;
  return total;
}

recipes::LossTerms EarlyLoss(const recipes::Phase& phase) {
  return phase.early_loss ? phase.early_loss() : recipes::LossTerms{};
}

cluster::FlatAdamOptions AdamOptionsOf(const recipes::AdamOptions& options) {
  return {.beta1 = options.beta1,
          .beta2 = options.beta2,
          .epsilon = options.epsilon,
          .ema_decay = options.ema_decay};
}

cluster::ReducerOptions ReducerOptionsOf(const TrainerOptions& options) {
  cluster::ReducerOptions reducer;
  reducer.bucket_mb = options.bucket_mb;
  reducer.bfloat16_wire = options.bfloat16_wire;
  return reducer;
}

}  // namespace

// One phase with what it needs to be optimized.
struct Trainer::Player {
  Player(recipes::Phase phase_to_play, cluster::Communicator& communicator, const TrainerOptions& options)
      : phase(std::move(phase_to_play)),
        group(phase.name, phase.parameters),
        adam(group, AdamOptionsOf(phase.optimizer)),
        reducer(communicator, group, ReducerOptionsOf(options)) {}

  recipes::Phase phase;
  cluster::ParameterGroup group;
  cluster::FlatAdam adam;
  cluster::GradientReducer reducer;
};

Trainer::Trainer(recipes::Recipe& recipe, cluster::Communicator& communicator, const TrainerOptions& options)
    : recipe_(recipe) {
  for (auto& round : recipe.Rounds()) {
    auto& players = rounds_.emplace_back();
    for (auto& phase : round)
      players.push_back(std::make_unique<Player>(std::move(phase), communicator, options));
  }
}

Trainer::~Trainer() = default;

StepReport Trainer::Step(const dataio::Batch& batch, const recipes::StepContext& context,
                         double rate_factor) {
  StepReport report;
  {
    const Stopwatch watch(report, "prepare");
    recipe_.Prepare(batch, context);
  }
  std::vector<recipes::LossTerms> early(rounds_[0].size());
  for (size_t round = 0; round < rounds_.size(); ++round) {
    for (size_t i = 0; i < rounds_[round].size(); ++i)
      Backward(*rounds_[round][i], std::move(early[i]), report);
    early.clear();
    if (round + 1 < rounds_.size())
      early = EarlyLosses(rounds_[round + 1], report);  // under this round's all-reduces
    for (auto& player : rounds_[round]) Update(*player, rate_factor, report);
  }
  return report;
}

std::vector<recipes::LossTerms> Trainer::EarlyLosses(const Players& players, StepReport& report) {
  std::vector<recipes::LossTerms> early;
  for (const auto& player : players) {
    const Stopwatch watch(report, player->phase.name + "_early");
    early.push_back(EarlyLoss(player->phase));
  }
  return early;
}

void Trainer::Backward(Player& player, recipes::LossTerms terms, StepReport& report) {
  const Stopwatch watch(report, player.phase.name);
  player.group.ZeroGradient();
  if (player.phase.loss)
    for (auto& term : player.phase.loss()) terms.push_back(std::move(term));
  player.reducer.Arm();
  Total(terms).backward();
  player.reducer.LaunchRemaining();
  for (auto& term : terms) report.terms.push_back({player.phase.name, term.name, term.value.detach()});
}

void Trainer::Update(Player& player, double rate_factor, StepReport& report) {
  {
    const Stopwatch watch(report, "wait");
    player.reducer.Wait();
  }
  const Stopwatch watch(report, "update");
  const auto& options = player.phase.optimizer;
  // The reduced gradient is the same on every rank, so every rank takes the same decision without asking the
  // others.
  const double norm = cluster::GradientNorm(player.group);
  report.norms.push_back({player.phase.name, norm});
  if (!std::isfinite(norm)) {
    ++report.skipped;
    return;
  }
  if (options.clip_norm > 0) Clip(player, norm);
  player.adam.Step(options.learning_rate * rate_factor);
}

void Trainer::Clip(Player& player, double norm) {
  const auto& options = player.phase.optimizer;
  if (!options.clip_prefix.empty()) norm = cluster::GradientNorm(player.group, options.clip_prefix);
  cluster::ClipGradient(player.group, norm, options.clip_norm, options.clip_prefix);
}

NamedTensors Trainer::OptimizerState() const {
  NamedTensors state;
  for (const auto& round : rounds_)
    for (const auto& player : round)
      for (auto& [name, tensor] : player->adam.State())
        state.emplace_back(player->phase.name + "/" + name, tensor);
  return state;
}

NamedTensors Trainer::AverageState() const {
  NamedTensors state;
  for (const auto& round : rounds_)
    for (const auto& player : round)
      for (auto& entry : player->adam.Average()) state.push_back(entry);
  return state;
}

void Trainer::ResetAverages() {
  for (auto& round : rounds_)
    for (auto& player : round)
      if (player->adam.has_average()) player->adam.ResetAverage();
}

void Trainer::SwapAverages() {
  for (auto& round : rounds_)
    for (auto& player : round)
      if (player->adam.has_average()) player->adam.SwapAverage();
}

Trainer::UseAverages::UseAverages(Trainer& trainer) : trainer_(trainer) { trainer_.SwapAverages(); }
Trainer::UseAverages::~UseAverages() { trainer_.SwapAverages(); }

}  // namespace helio::train
