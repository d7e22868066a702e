#include "src/train/trainer.h"

#include <algorithm>
#include <map>

#include "cluster/sharding.h"
#include "src/base/finite.h"
#include "src/base/random.h"
// clang-format off
#include <ATen/record_function.h>
// clang-format on

namespace helio::train {
namespace {

// Adds the time of its scope to the report, and its name to a trace.
class Stopwatch {
 public:
  Stopwatch(StepReport& report, std::string part, torch::Device device)
      : report_(report), part_(std::move(part)), device_(device), begin_(Moment::On(device)) {
    if (traced_.isActive()) traced_.before(part_);
  }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;
  ~Stopwatch() { report_.parts.push_back({part_, {begin_, Moment::On(device_)}}); }

 private:
  StepReport& report_;
  const std::string part_;
  const torch::Device device_;
  const Moment begin_;
  at::RecordFunction traced_{at::RecordScope::USER_SCOPE};  // for --profile
};

torch::Tensor Total(const recipes::LossTerms& terms) {
  torch::Tensor total;
  for (const auto& term : terms) total = total.defined() ? total + term.value : term.value;
  return total;
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

// While it lives, graphs do not differentiate with respect to these parameters: a generator's backward runs
// *through* the discriminators without their weight gradients (the published code computes and throws them
// away).
class ScopedFreeze {
 public:
  explicit ScopedFreeze(const std::vector<torch::Tensor>& parameters) : parameters_(parameters) {
    for (const auto& parameter : parameters_) parameter.set_requires_grad(false);
  }
  ScopedFreeze(const ScopedFreeze&) = delete;
  ScopedFreeze& operator=(const ScopedFreeze&) = delete;
  ~ScopedFreeze() {
    for (const auto& parameter : parameters_) parameter.set_requires_grad(true);
  }

 private:
  const std::vector<torch::Tensor>& parameters_;
};

// The parameters of the trained parts that a phase runs through.
std::vector<torch::Tensor> ParametersThrough(const recipes::Phase& phase,
                                             const std::vector<recipes::Part>& parts) {
  std::vector<torch::Tensor> parameters;
  for (const auto& name : phase.through) {
    const auto part = std::find_if(parts.begin(), parts.end(), [&](const auto& p) { return p.name == name; });
    CHECK(part != parts.end()) << "phase " << phase.name << " runs through '" << name
                               << "', which is no part";
    for (auto& parameter : recipes::ParametersOf(*part)) parameters.push_back(std::move(parameter));
  }
  return parameters;
}

// {} bool: whether Adam can go on from a gradient of this norm. Its squares must be finite, too, or the
// second moments stay infinite and the weights stand still for ever.
torch::Tensor Usable(const torch::Tensor& norm, torch::Dtype dtype, bool clipped) {
  if (dtype == torch::kFloat64 || clipped) return torch::isfinite(norm);
  return torch::isfinite((norm * norm).to(torch::kFloat32));
}

torch::Tensor AllUsable(const std::vector<StepReport::Norm>& norms, torch::Device device) {
  auto all = torch::ones({}, torch::dtype(torch::kBool).device(device));
  for (const auto& norm : norms) all.logical_and_(norm.skipped.logical_not());
  return all;
}

// A parameter in two phases would be re-homed by the second one's buffer, behind the first one's back.
void CheckDisjoint(const std::vector<recipes::Round>& rounds) {
  std::map<const void*, std::string> owner;
  for (const auto& round : rounds)
    for (const auto& phase : round)
      for (const auto& [name, tensor] : phase.parameters) {
        const auto [other, fresh] = owner.emplace(tensor.unsafeGetTensorImpl(), phase.name);
        CHECK(fresh) << name << " is in the phases " << other->second << " and " << phase.name;
      }
}

}  // namespace

int StepReport::skipped() const {
  int count = 0;
  for (const auto& norm : norms) count += norm.skipped.item<bool>();
  return count;
}

void TrainerOptions::Declare(OptionList& list) {
  reducer.Declare(list);
  list.Add(
      "accumulate", &accumulate, AtLeast(1),
      "Micro-batches of a step: --batch images in that many parts, reduced once. Batch norm, wrong pairs "
      "and negatives see one part; the fakes of all parts are held at once");
  list.Group("What is trained");
  list.Add(
      "precision", &precision, OneOf({"float32", "tf32", "bfloat16"}),
      "Of networks' products in training. bfloat16: autocast forward passes; weights, statistics, losses "
      "and optimizer stay float32. tf32: on CUDA; on a CPU it is float32 (docs/numerics.md)");
}

// One phase with what it needs to be optimized.
struct Trainer::Player {
  Player(recipes::Phase phase_to_play, const std::vector<recipes::Part>& parts,
         cluster::Communicator& communicator, const TrainerOptions& options)
      : phase(std::move(phase_to_play)),
        through(ParametersThrough(phase, parts)),
        group(phase.name, phase.parameters, options.reducer.shard_optimizer ? communicator.size() : 1),
        shard(OwnPart(group, communicator.world(), options.reducer.shard_optimizer)),
        adam(group, phase.optimizer, shard.begin, shard.end),
        reducer(communicator, group, options.reducer),
        device(communicator.world().device),
        // A graph that outlives its update must see the new weights, not casts of the old ones.
        precision(phase.graphs_stay ? Precision::kFloat32 : PrecisionOf(options.precision)) {}

  bool plays(const recipes::StepContext& context) const { return !phase.plays || phase.plays(context); }
  double rate(const recipes::StepContext& context, double factor) const {
    return phase.optimizer.learning_rate * (phase.rate ? phase.rate(context) : factor);
  }
  recipes::LossTerms EarlyLoss(recipes::Step& step) const {
    const ScopedFreeze frozen(through);
    const ForwardPrecision forward(precision, device);
    return phase.early_loss ? phase.early_loss(step) : recipes::LossTerms{};
  }
  recipes::LossTerms Loss(recipes::Step& step) const {
    const ScopedFreeze frozen(through);
    const ForwardPrecision forward(precision, device);
    return phase.loss ? phase.loss(step) : recipes::LossTerms{};
  }

  recipes::Phase phase;
  const std::vector<torch::Tensor> through;
  cluster::ParameterGroup group;
  cluster::Shard shard;
  cluster::FlatAdam adam;
  cluster::GradientReducer reducer;
  const torch::Device device;
  const Precision precision;
  torch::Tensor usable;                       // {} bool: whether this step's gradient is
  std::optional<cluster::Pending> gathering;  // of the parameters that other ranks have updated
};

Trainer::Trainer(recipes::System& system, cluster::Communicator& communicator, const TrainerOptions& options)
    : system_(system),
      communicator_(communicator),
      options_(options),
      precision_(PrecisionOf(options.precision)) {
  CHECK_GE(options.accumulate, 1);
  const auto parts = system.Parts();
  // Networks are built on the host, with the same bits everywhere.
  for (const auto& part : parts) MoveTo(part.tensors, communicator.world().device);
  auto rounds = system.Rounds();
  CheckDisjoint(rounds);
  for (auto& round : rounds) {
    auto& players = rounds_.emplace_back();
    for (auto& phase : round)
      players.push_back(std::make_unique<Player>(std::move(phase), parts, communicator, options));
  }
  before_step_ = std::make_unique<StatisticsSnapshot>(system);
}

Trainer::~Trainer() = default;

StepReport Trainer::Step(std::span<const dataio::Batch> batches, const recipes::StepContext& context,
                         double rate_factor) {
  CHECK_EQ(batches.size(), static_cast<size_t>(options_.accumulate));
  Game game{context, rate_factor, {}, {}};
  before_step_->Keep();
  if (batches[0].step_in_epoch == 0) BeginEpoch();
  Prepare(batches, game);
  std::vector<EarlyTerms> early;
  for (size_t round = 0; round < rounds_.size(); ++round) PlayRound(round, early, game);
  Conclude(game);
  game.report.broken = WeightsAreBroken();
  // What is not finite would stay in them for ever.
  before_step_->RestoreUnless(AllUsable(game.report.norms, device()));
  if (batches.size() > 1)
    for (auto& term : game.report.terms) term.value = term.value / options_.accumulate;
  return std::move(game.report);
}

void Trainer::TakeAverages(int64_t done) {
  for (auto& players : rounds_)
    for (auto& player : players)
      if (const auto every = player->phase.optimizer.average_taken_every; every > 0 && done % every == 0)
        player->adam.TakeAverage();
}

void Trainer::Conclude(Game& game) {
  TakeAverages(game.context.step + 1);
  const ForwardPrecision forward(precision_, device());
  system_.Conclude(game.steps);
}

// Infinities and NaN survive in a sum, whatever else is in it.
torch::Tensor Trainer::WeightsAreBroken() const {
  const torch::NoGradGuard no_grad;
  const bool on_host = device().is_cpu();
  std::vector<torch::Tensor> sums;
  for (const auto& players : rounds_)
    for (const auto& player : players) {
      const auto& weights = player->group.parameters();
      sums.push_back(on_host ? weights.sum().to(torch::kFloat64) : weights.sum(torch::kFloat64));
    }
  if (sums.empty()) return torch::zeros({}, torch::dtype(torch::kBool).device(device()));
  const auto broken = torch::stack(sums).isfinite().all().logical_not();
  if (!on_host || !broken.item<bool>()) return broken;
  // A float32 sum that overflowed, or what lies between the parameters?
  return torch::scalar_tensor(!FirstNotFinite(recipes::TensorsOf(system_, recipes::Role::kTrained)).empty(),
                              torch::kBool);
}

void Trainer::BeginEpoch() {
  for (auto& players : rounds_)
    for (auto& player : players)
      if (player->phase.optimizer.forget_each_epoch) player->adam.Forget();
}

void Trainer::Prepare(std::span<const dataio::Batch> batches, Game& game) {
  const Stopwatch watch(game.report, "prepare", device());
  for (size_t i = 0; i < batches.size(); ++i) {
    auto context = game.context;
    if (i > 0) context.seed = RandomKey(context.seed, "micro_batch", {static_cast<int64_t>(i)});
    const ForwardPrecision forward(precision_, device());
    game.steps.push_back(system_.Prepare(batches[i], context));
  }
}

// Every phase's backward over all micro-batches, the next round's early losses under the all-reduces, all
// updates. `early`: of this round's phases on the first micro-batch; afterwards of the next round's.
void Trainer::PlayRound(size_t round, std::vector<EarlyTerms>& early, Game& game) {
  std::vector<Player*> players;
  for (size_t p = 0; p < rounds_[round].size(); ++p) {
    auto& player = *rounds_[round][p];
    if (!player.plays(game.context)) continue;
    players.push_back(&player);
    for (size_t i = 0; i < game.steps.size(); ++i)
      Backward(player, *game.steps[i], i == 0 && p < early.size() ? std::move(early[p]) : EarlyTerms{},
               {i == 0, i + 1 == game.steps.size()}, game);
  }
  early.clear();
  if (round + 1 < rounds_.size()) early = EarlyLosses(rounds_[round + 1], game);
  Update(players, game);
}

std::vector<Trainer::EarlyTerms> Trainer::EarlyLosses(const Players& players, Game& game) {
  std::vector<EarlyTerms> early;
  for (const auto& player : players) {
    early.emplace_back();
    if (!player->phase.early_loss || !player->plays(game.context)) continue;
    const Stopwatch watch(game.report, player->phase.name + "_early", device());
    early.back() = player->EarlyLoss(*game.steps[0]);
  }
  return early;
}

void Trainer::Backward(Player& player, recipes::Step& step, EarlyTerms early, Turn turn, Game& game) {
  const Stopwatch watch(game.report, player.phase.name, device());
  if (turn.first) player.group.ZeroGradient();
  auto terms = early ? std::move(*early) : player.EarlyLoss(step);
  for (auto& term : player.Loss(step)) terms.push_back(std::move(term));
  for (const auto& term : terms)
    CHECK(term.value.scalar_type() != torch::kBFloat16)
        << player.phase.name << "/" << term.name << " is not a loss in full precision";
  std::optional<cluster::GradientReducer::Pass> pass;
  if (turn.last) pass.emplace(player.reducer.Arm());
  Total(terms).backward({}, /*retain_graph=*/player.phase.graphs_stay);
  if (pass) pass->LaunchRemaining();
  for (const auto& term : terms) AddTerm(game.report, player.phase.name, term, turn.first);
}

void Trainer::Update(const std::vector<Player*>& players, Game& game) {
  for (auto* player : players) Update(*player, game);
  if (!options_.reducer.shard_optimizer) return;
  const Stopwatch watch(game.report, "wait", device());
  for (auto* player : players) {
    communicator_.Await(*player->gathering);
    player->gathering.reset();
    player->adam.StepAverage(player->usable);
  }
}

void Trainer::Update(Player& player, Game& game) {
  auto& report = game.report;
  {
    const Stopwatch watch(report, "wait", device());
    player.reducer.Wait();
  }
  if (communicator_.size() > 1) report.reductions.push_back({player.phase.name, player.reducer.stats()});
  const Stopwatch watch(report, "update", device());
  // The norm is the same on every rank, so every rank takes the same decision without asking the others; on a
  // device the decision stays there.
  const auto norm = Norm(player);
  player.usable = Usable(norm, player.group.gradients().scalar_type(), player.phase.optimizer.clip_norm > 0);
  report.norms.push_back({player.phase.name, norm, player.usable.logical_not()});
  player.adam.Step(player.rate(game.context, game.rate_factor), ScaleOf(player, norm), player.usable);
  // The optimizer writes behind autograd's back: a graph that saved these weights must not be run any more,
  // where that is not the point.
  if (!player.phase.graphs_stay)
    for (const auto& slot : player.group.slots()) slot.parameter.unsafeGetTensorImpl()->bump_version();
  if (options_.reducer.shard_optimizer)
    player.gathering = cluster::GatherParameters(communicator_, player.group);
}

torch::Tensor Trainer::Norm(const Player& player, const std::string& prefix) const {
  const auto sum = options_.reducer.shard_optimizer
                       ? cluster::ShardedGradientNorm(communicator_, player.group, prefix)
                       : cluster::GradientNorm(player.group, prefix);
  return options_.accumulate == 1 ? sum : sum / options_.accumulate;
}

// The mean over micro-batches, and clipping.
cluster::GradientScale Trainer::ScaleOf(const Player& player, const torch::Tensor& norm) const {
  const auto& [limit, prefix] =
      std::tie(player.phase.optimizer.clip_norm, player.phase.optimizer.clip_prefix);
  cluster::GradientScale scale{.all = 1.0 / options_.accumulate};
  if (limit <= 0) return scale;
  scale.clip = cluster::ClipFactor(prefix.empty() ? norm : Norm(player, prefix), limit);
  scale.prefix = prefix;
  return scale;
}

NamedTensors Trainer::OptimizerState() const {
  NamedTensors state;
  for (const auto& round : rounds_)
    for (const auto& player : round) {
      const auto own = options_.reducer.shard_optimizer
                           ? cluster::GatherOptimizerState(communicator_, player->group, player->adam)
                           : player->adam.State();
      // What was put together leaves the device before the next phase's is: all of it need not fit there.
      for (const auto& [name, tensor] : own)
        state.emplace_back(player->phase.name + "/" + name, shards() ? tensor.cpu() : tensor);
    }
  return state;
}

void Trainer::TakeOptimizerState(const NamedTensors& state) {
  if (!options_.reducer.shard_optimizer) return;  // they were views
  for (auto& round : rounds_)
    for (auto& player : round) {
      const auto prefix = player->phase.name + "/";
      cluster::LoadOptimizerState(communicator_, player->group, WithoutPrefix(state, prefix), player->adam,
                                  "optimizer " + prefix);
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
