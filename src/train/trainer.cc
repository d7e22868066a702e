#include "src/train/trainer.h"

#include "cluster/sharding.h"
#include "src/base/finite.h"
#include "src/base/random.h"
#include "src/train/player.h"
#include "src/train/stopwatch.h"

namespace helio::train {
namespace {

torch::Tensor Total(const recipes::LossTerms& terms) {
  torch::Tensor total;
  for (const auto& term : terms) total = total.defined() ? total + term.value : term.value;
  return total;
}

recipes::LossTerms Detached(recipes::LossTerms terms) {
  for (auto& term : terms) term.value = term.value.detach();
  return terms;
}

// Adds `term` to the report: a new line, or to the sum of the earlier micro-batches.
void AddTerm(StepReport& report, const std::string& phase, const losses::LossTerm& term, bool first) {
  if (first) return report.terms.push_back({phase, term.name, term.value});
  for (auto& line : report.terms)
    if (line.phase == phase && line.name == term.name) line.value = line.value + term.value;
}

// {} bool: whether Adam can go on from a gradient of this norm. Its squares must be finite, too, or the
// second moments stay infinite and the weights stand still for ever.
torch::Tensor Usable(const torch::Tensor& norm, torch::Dtype dtype, bool clipped) {
  if (dtype == torch::kFloat64 || clipped) return torch::isfinite(norm);
  return torch::isfinite((norm * norm).to(torch::kFloat32));
}

// Layouts of batches whose steps are captured: each takes a step's memory. A run has one.
constexpr size_t kMostRecordings = 2;

torch::Tensor AllUsable(const std::vector<StepReport::Norm>& norms, torch::Device device) {
  auto all = torch::ones({}, torch::dtype(torch::kBool).device(device));
  for (const auto& norm : norms) all.logical_and_(norm.usable);
  return all;
}

}  // namespace

void TrainerOptions::Declare(OptionList& list) {
  reducer.Declare(list);
  list.Add(
      "accumulate", &accumulate, AtLeast(1),
      "Micro-batches of a step: --batch images in that many parts, reduced once. Batch norm, wrong pairs "
      "and negatives see one part; the fakes of all parts are held at once");
  list.Group("What is trained");
  list.Add(
      "precision", &precision, kPrecisions,
      "Of networks' products in training. bfloat16: autocast forward passes; weights, statistics, losses "
      "and optimizer stay float32. tf32: on CUDA; on a CPU it is float32 (docs/numerics.md)");
  list.AddOperational(
      "cuda_graph", &cuda_graph, AnyValue(),
      "On CUDA: a step's forward and backward passes are captured once and launched as a few CUDA graphs, "
      "for steps that are bound by launches (docs/profiling.md). Not on several ranks with batch norm or "
      "negatives across them, nor for every system: a line at the start says so");
}

Trainer::Trainer(recipes::System& system, cluster::Communicator& communicator, const TrainerOptions& options)
    : system_(system), communicator_(communicator), options_(options) {
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
  if (!options.cuda_graph) return;
  const auto why = WhyNotCaptured();
  captures_ = why.empty();
  if (!captures_ && communicator.rank() == 0) LOG(WARNING) << "--cuda_graph: nothing is captured: " << why;
}

Trainer::~Trainer() = default;

std::string Trainer::WhyNotCaptured() const {
  if (device().is_cpu()) return "a CPU has no graphs";
  if (options_.accumulate > 1) return "--accumulate holds the fakes of several micro-batches at once";
  bool someone_rests = false, graphs_stay = false;
  ForEachPlayer([&](const Player& player) {
    someone_rests = someone_rests || player.phase.plays;
    graphs_stay = graphs_stay || player.phase.graphs_stay;
  });
  if (someone_rests) return "not every player takes part in every step";
  if (graphs_stay) return "a player differentiates through what an update has changed";
  return system_.WhyNotCaptured();
}

bool Trainer::follows_schedule() const {
  bool follows = false;
  ForEachPlayer([&](const Player& player) { follows = follows || !player.phase.rate; });
  return follows;
}

StepRecording* Trainer::RecordingFor(const dataio::Batch& batch) {
  if (!captures_) return nullptr;
  auto layout = StepRecording::LayoutOf(batch);
  const auto found = recordings_.find(layout);
  if (found != recordings_.end()) return found->second.get();
  if (recordings_.size() == kMostRecordings) return nullptr;
  auto recording = std::make_unique<StepRecording>(batch, device());
  return recordings_.emplace(std::move(layout), std::move(recording)).first->second.get();
}

StepReport Trainer::Step(std::span<const dataio::Batch> batches, const recipes::StepContext& context,
                         double rate_factor) {
  CHECK_EQ(batches.size(), static_cast<size_t>(options_.accumulate));
  Game game{context, rate_factor, RecordingFor(batches[0])};
  before_step_->Keep();
  if (batches[0].batch_in_epoch == 0) BeginEpoch();
  Prepare(batches, game);
  std::vector<EarlyTerms> early;
  for (size_t round = 0; round < rounds_.size(); ++round) PlayRound(round, early, game);
  Conclude(game);
  if (game.recording) game.recording->End();
  game.report.finite_weights = WeightsAreFinite();
  // Running statistics that are not finite would stay so for ever.
  before_step_->RestoreUnless(AllUsable(game.report.norms, device()));
  if (batches.size() > 1)
    for (auto& term : game.report.terms) term.value = term.value / options_.accumulate;
  return std::move(game.report);
}

void Trainer::AdoptAverages(int64_t done) {
  ForEachPlayer([&](Player& player) {
    const auto every = player.phase.optimizer.average_taken_every;
    if (every > 0 && done % every == 0) player.adam.AdoptAverage();
  });
}

void Trainer::Conclude(Game& game) {
  AdoptAverages(game.context.step + 1);
  if (game.recording)
    return;  // a system that can be captured has nothing to do here (System::WhyNotCaptured)
  const ForwardPrecision forward(options_.precision, device());
  system_.Conclude(game.steps);
}

// Infinities and NaN survive in a sum, whatever else is in it.
torch::Tensor Trainer::WeightsAreFinite() const {
  const torch::NoGradGuard no_grad;
  const bool on_host = device().is_cpu();
  std::vector<torch::Tensor> sums;
  ForEachPlayer([&](const Player& player) {
    const auto& weights = player.group.parameters();
    sums.push_back(on_host ? weights.sum().to(torch::kFloat64) : weights.sum(torch::kFloat64));
  });
  if (sums.empty()) return torch::ones({}, torch::dtype(torch::kBool).device(device()));
  const auto finite = torch::stack(sums).isfinite().all();
  if (!on_host || finite.item<bool>()) return finite;
  // The float32 sum may have overflowed, or the padding between parameters may be at fault: look at each
  // tensor.
  return torch::scalar_tensor(FirstNotFinite(recipes::TensorsOf(system_, recipes::Role::kTrained)).empty(),
                              torch::kBool);
}

void Trainer::BeginEpoch() {
  ForEachPlayer([](Player& player) {
    if (player.phase.optimizer.reset_each_epoch) player.adam.ResetMoments();
  });
}

void Trainer::Prepare(std::span<const dataio::Batch> batches, Game& game) {
  const Stopwatch watch(game.report, "prepare", device());
  if (game.recording) return PrepareRecorded(batches[0], game);
  for (size_t i = 0; i < batches.size(); ++i) {
    auto context = game.context;
    if (i > 0) context.seed = RandomKey(context.seed, "micro_batch", {static_cast<int64_t>(i)});
    const ForwardPrecision forward(options_.precision, device());
    game.steps.push_back(system_.Prepare(batches[i], context));
  }
}

void Trainer::PrepareRecorded(const dataio::Batch& batch, Game& game) {
  {
    const ForwardPrecision forward(options_.precision, device());
    game.recording->Begin(batch, game.context);
  }
  auto context = game.context;
  context.given = game.recording;
  Play(game, "prepare", [&] {
    const ForwardPrecision forward(options_.precision, device());
    game.steps.push_back(system_.Prepare(game.recording->batch(), context));
    return recipes::LossTerms{};
  });
}

recipes::LossTerms Trainer::Play(Game& game, const std::string& piece,
                                 const std::function<recipes::LossTerms()>& work) {
  return game.recording ? game.recording->Play(piece, work) : work();
}

// Every phase's backward over all micro-batches, the next round's early losses under the all-reduces, all
// updates. `early`: of this round's phases on the first micro-batch; afterwards of the next round's.
void Trainer::PlayRound(size_t round, std::vector<EarlyTerms>& early, Game& game) {
  std::vector<Player*> players;
  for (size_t p = 0; p < rounds_[round].size(); ++p) {
    auto& player = *rounds_[round][p];
    if (!player.plays(game.context)) continue;
    players.push_back(&player);
    const size_t count = options_.accumulate;
    for (size_t i = 0; i < count; ++i)
      Backward(player, {i, i + 1 == count}, i == 0 && p < early.size() ? std::move(early[p]) : EarlyTerms{},
               game);
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
    Play(game, player->phase.name + "_early", [&] {
      early.back() = player->EarlyLoss(*game.steps[0]);
      return recipes::LossTerms{};
    });
  }
  return early;
}

void Trainer::Backward(Player& player, Turn turn, EarlyTerms early, Game& game) {
  const Stopwatch watch(game.report, player.phase.name, device());
  std::optional<cluster::GradientReducer::Pass> pass;
  const auto terms = Play(game, player.phase.name, [&] {
    if (turn.first()) player.group.ZeroGradient();
    auto own = TermsOf(player, *game.steps[turn.micro_batch], std::move(early));
    // While work is captured or launched no hook may send a bucket: all are sent after it.
    if (turn.last && !game.launches()) pass.emplace(player.reducer.Arm());
    Total(own).backward({}, /*retain_graph=*/player.phase.graphs_stay);
    return Detached(std::move(own));
  });
  if (turn.last && !pass) pass.emplace(player.reducer.Arm());
  if (pass) pass->LaunchRemaining();
  for (const auto& term : terms) AddTerm(game.report, player.phase.name, term, turn.first());
}

recipes::LossTerms Trainer::TermsOf(const Player& player, recipes::Step& step, EarlyTerms early) {
  auto terms = early ? std::move(*early) : player.EarlyLoss(step);
  for (auto& term : player.Loss(step)) terms.push_back(std::move(term));
  for (const auto& term : terms)
    CHECK(term.value.scalar_type() != torch::kBFloat16)
        << player.phase.name << "/" << term.name << " is not a loss in full precision";
  return terms;
}

void Trainer::Update(const std::vector<Player*>& players, Game& game) {
  for (auto* player : players) Update(*player, game);
  if (!shards()) return;
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
  const auto& optimizer = player.phase.optimizer;
  const bool all_clipped = optimizer.clip_norm > 0 && optimizer.clip_prefix.empty();
  player.usable = Usable(norm, player.group.gradients().scalar_type(), all_clipped);
  report.norms.push_back({player.phase.name, norm, player.usable});
  player.adam.Step(player.rate(game.context, game.rate_factor), ScaleOf(player, norm), player.usable);
  // The optimizer writes behind autograd's back: a backward through graphs that saved the old weights shall
  // fail, except where it is meant (Phase::graphs_stay).
  if (!player.phase.graphs_stay)
    for (const auto& slot : player.group.slots()) slot.parameter.unsafeGetTensorImpl()->bump_version();
  if (shards()) player.gathering = cluster::GatherParameters(communicator_, player.group);
}

torch::Tensor Trainer::Norm(const Player& player, const std::string& prefix) const {
  const auto sum = shards() ? cluster::ShardedGradientNorm(communicator_, player.group, prefix)
                            : cluster::GradientNorm(player.group, prefix);
  return options_.accumulate == 1 ? sum : sum / options_.accumulate;
}

// The gradient's factors: the mean over micro-batches, and clipping.
cluster::GradientScale Trainer::ScaleOf(const Player& player, const torch::Tensor& norm) const {
  const double limit = player.phase.optimizer.clip_norm;
  const std::string& prefix = player.phase.optimizer.clip_prefix;
  cluster::GradientScale scale{.all = 1.0 / options_.accumulate};
  if (limit <= 0) return scale;
  scale.clip = cluster::ClipFactor(prefix.empty() ? norm : Norm(player, prefix), limit);
  scale.prefix = prefix;
  return scale;
}

}  // namespace helio::train
