#include "src/train/trainer.h"

#include "cluster/sharding.h"
#include "src/base/seconds.h"

namespace helio::train {
namespace {

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
  reducer.first_bucket_mb = options.first_bucket_mb;
  reducer.bucket_mb = options.bucket_mb;
  reducer.bfloat16_wire = options.bfloat16_wire;
  reducer.accumulate = options.accumulate;
  reducer.shard = options.shard_optimizer;
  return reducer;
}

// The elements whose moments this rank keeps.
cluster::Shard OwnPart(const cluster::ParameterGroup& group, const cluster::World& world, bool shard) {
  return shard ? cluster::OwnShard(group, world) : cluster::Shard{0, group.size()};
}

// Adds `term` to the report: a new line, or to the sum of the earlier micro-batches.
void AddTerm(StepReport& report, const std::string& phase, const losses::LossTerm& term, bool first) {
  const auto value = term.value.detach();
  if (first) return report.terms.push_back({phase, term.name, value});
  for (auto& line : report.terms)
    if (line.phase == phase && line.name == term.name) line.value = line.value + value;
}

// Networks are built on the host, with the same bits everywhere; this brings them to the rank's device.
void MoveTo(const NamedTensors& tensors, torch::Device device) {
  torch::NoGradGuard no_grad;
  for (auto [name, tensor] : tensors)
    if (tensor.device() != device) tensor.set_data(tensor.to(device));
}

}  // namespace

// The micro-batches of a step; the recipe holds one of them.
class Trainer::MicroBatches {
 public:
  MicroBatches(Trainer& trainer, std::span<const dataio::Batch> batches, const recipes::StepContext& context,
               StepReport& report)
      : recipe_(trainer.recipe_),
        statistics_(*trainer.before_again_),
        batches_(batches),
        context_(context),
        report_(report),
        met_(batches.size()) {}

  // Makes micro-batch i the recipe's.
  void Hold(size_t i) {
    if (i == held_) return;
    const Stopwatch watch(report_, "prepare");
    held_ = i;
    if (!std::exchange(met_[i], true)) return Prepare(i);
    statistics_.Keep();
    Prepare(i);
    statistics_.Restore();
  }

 private:
  void Prepare(size_t i) {
    recipes::StepContext context = context_;
    if (i > 0) context.seed = RandomKey(context.seed, "micro_batch", {static_cast<int64_t>(i)});
    recipe_.Prepare(batches_[i], context);
  }

  recipes::Recipe& recipe_;
  KeptStatistics& statistics_;
  const std::span<const dataio::Batch> batches_;
  const recipes::StepContext& context_;
  StepReport& report_;
  std::vector<char> met_;
  size_t held_ = SIZE_MAX;
};

// One phase with what it needs to be optimized.
struct Trainer::Player {
  Player(recipes::Phase phase_to_play, cluster::Communicator& communicator, const TrainerOptions& options)
      : phase(std::move(phase_to_play)),
        group(phase.name, phase.parameters, options.shard_optimizer ? communicator.size() : 1),
        shard(OwnPart(group, communicator.world(), options.shard_optimizer)),
        adam(group, AdamOptionsOf(phase.optimizer), shard.begin, shard.end),
        reducer(communicator, group, ReducerOptionsOf(options)) {}

  recipes::Phase phase;
  cluster::ParameterGroup group;
  cluster::Shard shard;
  cluster::FlatAdam adam;
  cluster::GradientReducer reducer;
  cluster::Pending gathering;  // of the parameters that other ranks have updated
};

Trainer::Trainer(recipes::Recipe& recipe, cluster::Communicator& communicator, const TrainerOptions& options)
    : recipe_(recipe), communicator_(communicator), options_(options) {
  CHECK_GE(options.accumulate, 1);
  MoveTo(recipe.State(), communicator.world().device);
  MoveTo(recipe.FrozenState(), communicator.world().device);
  for (auto& round : recipe.Rounds()) {
    auto& players = rounds_.emplace_back();
    for (auto& phase : round)
      players.push_back(std::make_unique<Player>(std::move(phase), communicator, options));
  }
  before_step_ = std::make_unique<KeptStatistics>(recipe);
  before_again_ = std::make_unique<KeptStatistics>(recipe);
}

Trainer::~Trainer() = default;

StepReport Trainer::Step(std::span<const dataio::Batch> batches, const recipes::StepContext& context,
                         double rate_factor) {
  CHECK_EQ(batches.size(), static_cast<size_t>(options_.accumulate));
  StepReport report;
  before_step_->Keep();
  MicroBatches micro(*this, batches, context, report);
  std::vector<EarlyTerms> early(rounds_[0].size());
  if (batches[0].step_in_epoch == 0) BeginEpoch();
  for (size_t round = 0; round < rounds_.size(); ++round) {
    auto& players = rounds_[round];
    for (size_t i = 0; i < batches.size(); ++i) {
      // Odd rounds go backwards: they begin with the micro-batch that the recipe still holds.
      micro.Hold(round % 2 == 0 ? i : batches.size() - 1 - i);
      for (size_t p = 0; p < players.size(); ++p)
        Backward(*players[p], std::move(early[p]), {i == 0, i + 1 == batches.size()}, report);
      early.assign(players.size(), {});
    }
    if (round + 1 < rounds_.size())
      early = EarlyLosses(rounds_[round + 1], report);  // under this round's all-reduces
    Update(players, rate_factor, report);
  }
  if (report.skipped > 0) before_step_->Restore();  // what is not finite would stay in them for ever
  if (batches.size() > 1)
    for (auto& term : report.terms) term.value = term.value / options_.accumulate;
  return report;
}

void Trainer::BeginEpoch() {
  for (auto& players : rounds_)
    for (auto& player : players)
      if (player->phase.optimizer.forget_each_epoch) player->adam.Forget();
}

std::vector<Trainer::EarlyTerms> Trainer::EarlyLosses(const Players& players, StepReport& report) {
  std::vector<EarlyTerms> early;
  for (const auto& player : players) {
    const Stopwatch watch(report, player->phase.name + "_early");
    early.push_back(EarlyLoss(player->phase));
  }
  return early;
}

void Trainer::Backward(Player& player, EarlyTerms early, Turn turn, StepReport& report) {
  const Stopwatch watch(report, player.phase.name);
  if (turn.first) player.group.ZeroGradient();
  auto terms = early ? std::move(*early) : EarlyLoss(player.phase);
  if (player.phase.loss)
    for (auto& term : player.phase.loss()) terms.push_back(std::move(term));
  if (turn.last) player.reducer.Arm();
  Total(terms).backward();
  if (turn.last) player.reducer.LaunchRemaining();
  for (const auto& term : terms) AddTerm(report, player.phase.name, term, turn.first);
}

void Trainer::Update(Players& players, double rate_factor, StepReport& report) {
  for (auto& player : players) Update(*player, rate_factor, report);
  if (!options_.shard_optimizer) return;
  const Stopwatch watch(report, "wait");
  for (auto& player : players) {
    player->gathering.Wait();
    player->adam.StepAverage();
  }
}

void Trainer::Update(Player& player, double rate_factor, StepReport& report) {
  {
    const Stopwatch watch(report, "wait");
    player.reducer.Wait();
  }
  if (communicator_.size() > 1) report.reductions.push_back({player.phase.name, player.reducer.stats()});
  const Stopwatch watch(report, "update");
  const auto& options = player.phase.optimizer;
  // The norm is the same on every rank, so every rank takes the same decision without asking the others.
  const double norm = Norm(player);
  report.norms.push_back({player.phase.name, norm});
  if (!std::isfinite(norm)) {
    ++report.skipped;
    return;
  }
  if (options.clip_norm > 0) Clip(player, norm);
  player.adam.Step(options.learning_rate * rate_factor);
  if (options_.shard_optimizer) player.gathering = cluster::GatherParameters(communicator_, player.group);
}

double Trainer::Norm(const Player& player, const std::string& prefix) const {
  return options_.shard_optimizer ? cluster::ShardedGradientNorm(communicator_, player.group, prefix)
                                  : cluster::GradientNorm(player.group, prefix);
}

void Trainer::Clip(Player& player, double norm) {
  const auto& options = player.phase.optimizer;
  if (!options.clip_prefix.empty()) norm = Norm(player, options.clip_prefix);
  cluster::ClipGradient(player.group, norm, options.clip_norm, options.clip_prefix);
}

NamedTensors Trainer::OptimizerState() const {
  NamedTensors state;
  for (const auto& round : rounds_)
    for (const auto& player : round) {
      const auto own = options_.shard_optimizer
                           ? cluster::GatherOptimizerState(communicator_, player->group, player->adam)
                           : player->adam.State();
      for (const auto& [name, tensor] : own) state.emplace_back(player->phase.name + "/" + name, tensor);
    }
  return state;
}

void Trainer::TakeOptimizerState(const NamedTensors& state) {
  if (!options_.shard_optimizer) return;  // they were views
  for (auto& round : rounds_)
    for (auto& player : round) {
      const auto prefix = player->phase.name + "/";
      NamedTensors own;
      for (const auto& [name, tensor] : state)
        if (name.starts_with(prefix)) own.emplace_back(name.substr(prefix.size()), tensor);
      cluster::LoadOptimizerState(communicator_, player->group, own, player->adam, "optimizer " + prefix);
    }
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
