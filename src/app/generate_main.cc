#include "cluster/device_error.h"
#include "cluster/launch.h"
#include "src/app/asked_places.h"
#include "src/app/drawing_manifest.h"
#include "src/app/generate_options.h"
#include "src/app/main.h"
#include "src/app/prompt_reader.h"
#include "src/app/row_drawing.h"
#include "src/app/trained_model.h"
#include "src/app/training_flags.h"
#include "src/app/translate_files.h"
#include "src/base/file_system.h"
#include "src/base/text_list.h"
#include "src/eval/attention_picture.h"
#include "src/eval/png_writer.h"
#include "src/eval/samples.h"

namespace helio::app {
namespace {

struct AskedPrompt {
  recipes::Prompt prompt;
  std::vector<std::string> words = {};  // of the sentence, those that the model knows
};

// The sentence, once for each picture.
AskedPrompt TextPrompt(const GenerateOptions& own, const TrainedModel& model) {
  const PromptReader reader(model, own.text_encoder);
  const auto read = reader.ReadKnown(own.text, "--text");
  return {reader.PromptOf(std::vector<ReadSentence>(static_cast<size_t>(own.n), read)), read.words};
}

// Those asked for, {n, points, 3}, and what the generator of --points_checkpoint makes up of the others.
torch::Tensor CompletedPoints(const GenerateOptions& own, const TrainedModel& model, torch::Device device,
                              const torch::Tensor& asked) {
  TrainedModel other(own.points_checkpoint, device);
  auto& completer = CompleterOf(other, "--points_checkpoint");
  if (other.facts().key_points != model.facts().key_points)
    ThrowUser("was trained on other key points than the system that draws", "--points_checkpoint");
  auto prompt = TextPrompt(own, other).prompt;
  prompt.key_points = asked;
  return completer.Complete(prompt, model.options().run.seed, {0, own.n, own.n}).cpu();
}

// The prompt's places, as they were asked for.
void AddPlaces(const GenerateOptions& own, const TrainedModel& model, torch::Device device,
               recipes::Prompt& prompt) {
  const auto& needs = model.needs();
  const auto refuse = [&](const char* flag) {
    ThrowUser("'" + model.options().run.recipe + "' is not told of such places", flag);
  };
  if (!own.box.empty() && !needs.boxes) refuse("--box");
  if (own.asks_points() && !needs.key_points) refuse("--points");
  if (!own.box.empty()) prompt.boxes = AskedBox(own.box, own.n);
  if (!own.asks_points()) return;
  const auto points = AskedPoints(own.points, model.facts().key_points, own.n);
  prompt.key_points = own.points_checkpoint.empty() ? points : CompletedPoints(own, model, device, points);
}

// Where the words looked; of systems without attention the stages, or the steps of a chain, and the places
// that were asked for.
eval::Canvas Labelled(const GenerateOptions& own, const recipes::Prompt& prompt,
                      const recipes::Pictures& pictures, const std::vector<std::string>& words,
                      const RunOptions& run) {
  const auto seed = "seed " + std::to_string(run.seed);
  const auto text = own.class_number < 0 ? own.text : "class " + std::to_string(own.class_number);
  if (!pictures.attention.empty()) {
    std::vector<eval::AttentionSubject> subjects;
    for (int64_t i = 0; i < own.n; ++i) subjects.push_back(eval::SubjectOf(pictures, i, text, words));
    return eval::DrawAttention(subjects,
                               {.title = run.recipe + ": what each word looked at", .subtitle = seed});
  }
  return eval::DrawSampleGrid(
      eval::SamplesOf(prompt, pictures, std::vector<std::string>(static_cast<size_t>(own.n), text)),
      {.title = run.recipe, .subtitle = seed, .columns = eval::ColumnsFor(pictures)});
}

// The prompt of a class, for systems that can be asked for one.
recipes::Prompt ClassPrompt(const GenerateOptions& own, TrainedModel& model) {
  if (own.class_number >= DrawerOf(model).classes())
    ThrowUser("is no class that this system can be asked for", "--class=" + std::to_string(own.class_number),
              DrawerOf(model).classes() == 0 ? "it draws sentences: --text=\"...\""
                                             : "below " + std::to_string(DrawerOf(model).classes()));
  recipes::Prompt prompt;
  prompt.classes = torch::full({own.n}, own.class_number, torch::kInt64);
  return prompt;
}

AskedPrompt PromptFor(const GenerateOptions& own, TrainedModel& model) {
  if (own.class_number >= 0) return {ClassPrompt(own, model)};
  if (!own.text.empty()) return TextPrompt(own, model);
  return {};  // it draws of noise alone
}

// A sentence, a class or noise alone, --n times.
void DrawOnePrompt(const GenerateOptions& own, TrainedModel& model, const std::filesystem::path& out) {
  const auto& options = model.options();
  auto [prompt, words] = PromptFor(own, model);
  AddPlaces(own, model, cluster::DeviceAlone(options.launch.device), prompt);
  const auto pictures =
      eval::OnHost(DrawerOf(model).Draw(prompt, recipes::RowsOf(options.run.seed, {0, own.n, own.n})));
  DrawingManifest manifest(out);
  eval::WritePng(out, Labelled(own, prompt, pictures, words, options.run),
                 {{"caption", own.text}, {"seed", std::to_string(options.run.seed)}});
  for (int64_t i = 0; i < own.n; ++i)
    manifest.Add(std::to_string(i + 1), pictures.images.back()[i],
                 {{"kind", "picture"}, {"caption", own.text}, {"seed", options.run.seed}, {"noise", i + 1}});
  manifest.Write();
}

void DrawSentenceRows(const GenerateOptions& own, TrainedModel& model, const std::filesystem::path& out) {
  if (own.text.empty() == own.rows.texts.empty())
    ThrowUser("is missing", "--text", "--edit, --to_text and --to_seed begin with a sentence");
  const PromptReader reader(model, own.text_encoder);
  const auto seed = model.options().run.seed;
  const auto rows = own.text.empty() ? PlanTexts(own.rows.texts, own.n, seed, reader)
                                     : PlanRows(own.rows, own.text, own.n, seed, reader, model);
  auto one = own;
  one.n = 1;
  recipes::Prompt places;
  AddPlaces(one, model, cluster::DeviceAlone(model.options().launch.device), places);
  DrawRows(rows, places, reader, model, out);
}

// One thing is to be drawn, by a system that draws such.
void CheckWhatIsAsked(const GenerateOptions& own, TrainedModel& model) {
  const int asked =
      !own.text.empty() + !own.rows.texts.empty() + !own.image.empty() + (own.class_number >= 0);
  const bool noise_alone = DrawsNoiseAlone(model);
  if (asked != (noise_alone ? 0 : 1))
    ThrowUser("one of them", "--text, --texts, --class, --image",
              noise_alone ? "none: this system draws of noise alone"
                          : "sentences or a class to draw, or pictures to translate");
  CheckOptions(own, model, GivenFlags());
}

void Translate(const GenerateOptions& own, TrainedModel& model, const std::filesystem::path& out) {
  if (!model.translator())
    ThrowUser("'" + model.options().run.recipe + "' draws sentences", "--image", "--text=\"...\"");
  TranslateFiles(model, Split(own.image), own.direction, out);
}

int DrawWhatIsAsked() {
  GenerateOptions own;
  const auto options = ReadTrainingOptionsWith(own, GivenFlags());
  const auto& out = options.session.out;
  if (own.checkpoint.empty()) ThrowUser("is missing", "--checkpoint", "name a run's folder");
  if (out.extension() != ".png") ThrowUser("must be a .png file", "--out");
  TrainedModel model(own.checkpoint, cluster::DeviceAlone(options.launch.device));
  CheckWhatIsAsked(own, model);
  CheckCanWrite(out);
  if (own.rows.any())
    DrawSentenceRows(own, model, out);
  else if (own.image.empty())
    DrawOnePrompt(own, model, out);
  else
    Translate(own, model, out);
  return 0;
}

int Run() {
  return cluster::RunNamingDeviceErrors(0, std::make_shared<cluster::JobState>(), &DrawWhatIsAsked);
}

}  // namespace
}  // namespace helio::app

int main(int argc, char** argv) {
  helio::app::RegisterFlagsOf<helio::app::GenerateOptions>();
  helio::app::RegisterTrainingFlags();
  return helio::app::Main(
      argc, argv,
      {.usage = "helio-generate draws a sentence: --checkpoint=RUN --text=\"...\" --out=F.png [--n=4] "
                "[--seed=S] [--edit=WORD:NEW,...] [--to_text=\"...\"] [--to_seed=S]; or "
                "translates pictures: --checkpoint=RUN --image=FILE,... --direction=a2b --out=F.png",
       .shared = {"out", "seed", "device", "log_format", "iterations", "epsilon1"}},
      &helio::app::Run);
}
