// One training step of a recipe at the published CUB size on a drawn batch, by phase: what bench_reference.py
// times of the published code (tests/bench/step_bench.py runs both), and family_peer.py of the other systems.
//   [mpirun -n 2] build/release/bin/step_bench RECIPE=mirrorgan [BATCH=4] [STEPS=3]
//   [THREADS=2] [cpu|cuda] [shard: --shard_optimizer] [tf32|bfloat16: --precision]
//   [graphs: --cuda_graph; on several ranks it changes nothing, since their batch norm is one]
//   [library|taps|by_shape: how weight gradients are computed] [blas|onednn: what multiplies matrices]
//   [toy: the sizes of configs/toy/RECIPE.flags | FILE.flags] [--option=value, last of all]
// BATCH is the global batch; THREADS are a rank's; phases are rank 0's.
// Prints a line of JSON: {"seconds": mean wall time of a step, "phases": {"prepare": ..., "d256": ..., ...},
// "graphs": whether steps were captured, "parameters": how many are trained}.
#include <torch/cuda.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <sstream>

#include "cluster/communicator_batch.h"
#include "cluster/launch.h"
#include "src/base/characters.h"
#include "src/base/error.h"
#include "src/base/file_system.h"
#include "src/base/heap.h"
#include "src/base/json.h"
#include "src/nn/product.h"
#include "src/nn/weight_gradient.h"
#include "src/recipes/registry.h"
#include "src/train/trainer.h"

namespace helio {
namespace {

constexpr int64_t kWords = 18, kEmbedding = 1024, kKeyPoints = 15;

// What is trained.
struct Preset {
  OptionValues options;
  int64_t vocabulary;
};

// The released code's CUB configuration: the options' defaults.
Preset Published() { return {{{"fidelity", "released"}}, 5450}; }

void ReadFlags(const std::string& file, OptionValues& values);

// A flag as a flagfile has it; a flagfile's lines for --flagfile.
void ReadFlag(const std::string& flag, OptionValues& values) {
  const auto equals = flag.find('=');
  const auto name = flag.substr(2, equals - 2);
  if (equals == std::string::npos)
    values[name.starts_with("no") ? name.substr(2) : name] = name.starts_with("no") ? "false" : "true";
  else if (name == "flagfile")
    ReadFlags(flag.substr(equals + 1), values);
  else
    values[name] = flag.substr(equals + 1);
}

void ReadFlags(const std::string& file, OptionValues& values) {
  std::istringstream lines(ReadFile(file));
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("--")) ReadFlag(line, values);
}

// By the words behind the numbers; of several flagfiles and flags the later one holds.
Preset PresetOf(const std::string& recipe_name, const std::vector<std::string>& words) {
  auto preset = Published();
  for (const auto& word : words) {
    if (word == "toy") preset.vocabulary = 120;
    const auto file = word == "toy" ? "configs/toy/" + recipe_name + ".flags" : word;
    if (file.ends_with(".flags")) {
      preset.options.clear();
      ReadFlags(file, preset.options);
    }
    if (word.starts_with("--")) ReadFlag(word, preset.options);
  }
  return preset;
}

std::vector<torch::Tensor> DrawPictures(int64_t rows, const std::vector<int64_t>& sides) {
  std::vector<torch::Tensor> pictures;
  for (const int64_t side : sides)
    pictures.push_back(
        (torch::rand({rows, 3, side, side}) * 2 - 1).contiguous(torch::MemoryFormat::ChannelsLast));
  return pictures;
}

// Captions of 8 to 18 words, the first one of 18.
void DrawCaptions(int64_t rows, int64_t vocabulary, dataio::Domain& data) {
  auto lengths = torch::randint(8, kWords + 1, {rows}, torch::kInt64);
  lengths[0] = kWords;
  data.caption_lengths = std::get<0>(lengths.sort(0, /*descending=*/true));
  const auto beyond = torch::arange(kWords).unsqueeze(0).ge(data.caption_lengths.unsqueeze(1));
  data.captions = torch::randint(1, vocabulary, {rows, kWords}, torch::kInt64).masked_fill(beyond, 0);
}

// Noise for pictures, and what else a system asks for. The whole global batch.
dataio::Domain DrawWhole(int64_t rows, const dataio::DomainNeeds& needs, int64_t vocabulary) {
  torch::manual_seed(1);
  dataio::Domain data;
  data.images = DrawPictures(rows, needs.sides);
  if (needs.wrong_images) data.wrong_images = DrawPictures(rows, needs.sides);
  DrawCaptions(rows, vocabulary, data);
  data.classes = torch::arange(rows).floor_divide(2);
  data.boxes = torch::rand({rows, 4}) * 0.5 + 0.1;
  auto points = torch::rand({rows, kKeyPoints, 3});
  points.select(2, 2).fill_(1);
  data.key_points = points;
  data.embeddings = torch::randn({rows, kEmbedding});
  data.characters = torch::randint(1, kAlphabetSize + 1, {rows, needs.character_captions, kCharacterPlaces});
  return data;
}

// This rank's rows of it.
dataio::Domain DrawDomain(const RowRange& rows, const dataio::DomainNeeds& needs, int64_t vocabulary,
                          torch::Device device) {
  auto data = DrawWhole(rows.global, needs, vocabulary);
  const auto part = [&](torch::Tensor& all) { all = all.narrow(0, rows.first, rows.local).to(device); };
  for (auto& images : data.images) part(images);
  for (auto& images : data.wrong_images) part(images);
  for (auto* tensor : {&data.captions, &data.caption_lengths, &data.classes, &data.boxes, &data.key_points,
                       &data.embeddings, &data.characters})
    part(*tensor);
  return data;
}

dataio::Batch DrawBatch(const RowRange& rows, const std::vector<dataio::DomainNeeds>& needs,
                        int64_t vocabulary, torch::Device device) {
  dataio::Batch batch{.rows = rows, .domains = {}};
  for (const auto& domain : needs) batch.domains.push_back(DrawDomain(rows, domain, vocabulary, device));
  return batch;
}

recipes::DataFacts Facts(int64_t vocabulary) {
  recipes::DataFacts facts{.vocabulary = vocabulary, .classes = 200, .embedding = kEmbedding};
  facts.key_points.assign(kKeyPoints, "a point");
  return facts;
}

int64_t TrainedParameters(recipes::System& system) {
  int64_t count = 0;
  for (const auto& round : system.Rounds())
    for (const auto& phase : round)
      for (const auto& [name, parameter] : phase.parameters) count += parameter.numel();
  return count;
}

struct Timing {
  double seconds = 0;
  std::map<std::string, double> phases;
  bool graphs = false;
  int64_t parameters = 0;
};

Timing Measure(train::Trainer& trainer, cluster::Communicator& communicator, const dataio::Batch& batch,
               int64_t steps) {
  Timing timing{.phases = {}, .graphs = trainer.captures()};
  const auto device = communicator.world().device;
  const auto play = [&](int64_t step) {
    const auto report = trainer.Step(batch, {.seed = 1, .step = step, .device = device}, 1);
    if (device.is_cuda()) torch::cuda::synchronize();
    return report;
  };
  // Warms up; with graphs the third step is captured.
  const int64_t warm = timing.graphs ? 3 : 1;
  for (int64_t step = 0; step < warm; ++step) play(step);
  communicator.Barrier();
  for (int64_t step = warm; step < warm + steps; ++step) {
    const auto start = std::chrono::steady_clock::now();
    const auto report = play(step);
    const auto wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    timing.seconds += wall / static_cast<double>(steps);
    for (const auto& part : report.parts)
      timing.phases[part.name] += part.time.seconds() / static_cast<double>(steps);
  }
  return timing;
}

Timing Run(cluster::Communicator& communicator, const std::string& recipe_name, const Preset& preset,
           int64_t rows, int64_t steps, const train::TrainerOptions& options) {
  const auto norm_scope = cluster::MakeGlobalBatch(communicator),
             loss_scope = cluster::MakeGlobalBatch(communicator);
  recipes::Surroundings surroundings{
      .norm_scope = *norm_scope, .loss_scope = *loss_scope, .seed = 1, .weights = {}};
  surroundings.weights.random = true;
  surroundings.data = Facts(preset.vocabulary);
  const auto system = recipes::MakeSystem(recipe_name, preset.options, surroundings);
  train::Trainer trainer(*system, communicator, options);
  const auto own = SplitRows(rows, communicator.rank(), communicator.size());
  const auto drawn = DrawBatch(own, system->Needs(), preset.vocabulary, communicator.world().device);
  auto timing = Measure(trainer, communicator, drawn, steps);
  timing.parameters = TrainedParameters(*system);
  return timing;
}

int RunAndPrint(cluster::Communicator& communicator, const std::string& recipe_name, const Preset& preset,
                int64_t rows, int64_t steps, const train::TrainerOptions& options) {
  const auto timing = Run(communicator, recipe_name, preset, rows, steps, options);
  if (communicator.rank() == 0)
    std::cout << Json{{"seconds", timing.seconds},
                      {"phases", timing.phases},
                      {"graphs", timing.graphs},
                      {"parameters", timing.parameters}}
                     .dump()
              << std::endl;
  return 0;
}

// By the words of the command line.
template <class Said>
void ChooseKernels(const Said& said) {
  for (const auto& [kind, name] : nn::kWeightGradients)
    if (said(name)) nn::ChooseWeightGradient(kind);
  for (const auto& [library, name] : nn::kProductLibraries)
    if (said(name)) nn::ChooseProductLibrary(library);
}

}  // namespace
}  // namespace helio

int main(int count, char** arguments) {
  const std::vector<std::string> words(arguments + std::min(count, 6), arguments + count);
  const auto said = [&](const char* word) {
    return std::find(words.begin(), words.end(), word) != words.end();
  };
  helio::ChooseKernels(said);
  const auto number = [&](int i, int64_t otherwise) {
    return count > i ? std::atoll(arguments[i]) : otherwise;
  };
  helio::KeepHeap();  // as the programs do
  torch::set_num_threads(static_cast<int>(number(4, 2)));
  try {
    helio::cluster::LaunchOptions options;
    const auto device = helio::ValueIn(helio::cluster::kWantedDevices, count > 5 ? arguments[5] : "cpu");
    if (!device) {
      std::cerr << "step_bench: " << arguments[5] << ": the word behind THREADS is a device: cpu, cuda\n";
      return 1;
    }
    options.device = *device;
    helio::cluster::Launch launch(options);
    helio::train::TrainerOptions training;
    training.reducer.shard_optimizer = said("shard");
    training.cuda_graph = said("graphs");
    for (const auto& precision : helio::kPrecisions)
      if (said(precision.name)) training.precision = precision.value;
    helio::UseCudaProducts(training.precision);
    const std::string recipe_name = count > 1 ? arguments[1] : "mirrorgan";
    const auto preset = helio::PresetOf(recipe_name, words);
    return launch.Run([&] {
      return helio::RunAndPrint(launch.communicator(), recipe_name, preset, number(2, 4), number(3, 3),
                                training);
    });
  } catch (const helio::Error& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
  return 0;
}
