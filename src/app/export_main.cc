#include <gflags/gflags.h>

#include "src/app/main.h"
#include "src/app/model_card.h"
#include "src/app/training_flags.h"
#include "src/base/file_system.h"
#include "src/base/named_tensors.h"
#include "src/base/safetensors.h"

DEFINE_string(checkpoint, "", "A run's folder, or one of its checkpoints");
DEFINE_string(summary, "", "summary.json of helio-eval, for the scores of the model card");

namespace helio::app {
namespace {

namespace fs = std::filesystem;

// Scores for the card: those asked for, else those that training noted at this step.
Json Scores(const TrainedModel& model) {
  if (FLAGS_summary.empty()) return model.info().value("scores", Json::object());
  const Json summary = ReadJson(FLAGS_summary);
  if (!summary.is_object() || !summary.contains("generated") || !summary.at("generated").is_object())
    ThrowUser("has no scores of drawn pictures", "--summary=" + FLAGS_summary,
              "name the summary.json of helio-eval --checkpoint");
  return summary.at("generated");
}

fs::path Out() { return ReadTrainingOptions(GivenFlags()).session.out; }

int Run() {
  if (FLAGS_checkpoint.empty()) ThrowUser("is missing", "--checkpoint", "name a run's folder");
  if (Out().empty()) ThrowUser("is missing", "--out", "name a folder for the exported model");
  TrainedModel model(FLAGS_checkpoint);
  const Json scores = Scores(model);
  const fs::path out = Out();
  fs::create_directories(out);
  const std::map<std::string, std::string> origin = {{"format", "pt"},
                                                     {"recipe", model.options().run.recipe}};
  for (const auto& part : model.drawing_parts())
    WriteSafeTensors(out / (part.name + ".safetensors"), WithoutPrefix(part.tensors, part.name + "."),
                     origin);
  if (const auto text = WithoutPrefix(model.frozen(), "text_encoder."); !text.empty())
    WriteSafeTensors(out / "text_encoder.safetensors", text, origin);
  WriteFileAtomically(out / "vocabulary.json", model.vocabulary().ToJson());
  WriteFileAtomically(out / "run.flags", model.run_flags());
  WriteFileAtomically(out / "README.md", ModelCard(model, scores));  // last: an export with a card is whole
  LOG(INFO) << "exported step " << model.step() << " to " << out.string();
  return 0;
}

}  // namespace
}  // namespace helio::app

int main(int argc, char** argv) {
  helio::app::RegisterTrainingFlags();
  return helio::app::Main(
      argc, argv,
      {.usage = "helio-export writes a trained model for others to use: --checkpoint=RUN --out=DIR "
                "[--summary=summary.json]",
       .shared = {"out", "log_format"}},
      &helio::app::Run);
}
