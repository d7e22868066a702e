#include "src/app/main.h"
#include "src/app/model_card.h"
#include "src/app/training_flags.h"
#include "src/base/file_system.h"
#include "src/base/named_tensors.h"
#include "src/base/safetensors.h"
#include "src/train/checkpoint_files.h"

namespace helio::app {
namespace {

namespace fs = std::filesystem;

struct ExportOptions {
  std::string checkpoint, summary;

  void Declare(OptionList& list) {
    list.Add("checkpoint", &checkpoint, AnyValue(), "A run's folder, or one of its checkpoints");
    list.Add("summary", &summary, AnyValue(), "summary.json of helio-eval, for the scores of the model card");
  }
};

// Scores for the card: those asked for, else those that training noted at this step.
Json Scores(const std::string& file, const TrainedModel& model) {
  if (file.empty()) return model.info().scores;
  const Json summary = ReadJson(file);
  if (!summary.is_object() || !summary.contains("generated") || !summary.at("generated").is_object())
    ThrowUser("has no scores of drawn pictures", "--summary=" + file,
              "name the summary.json of helio-eval --checkpoint");
  return summary.at("generated");
}

int Run() {
  ExportOptions own;
  const fs::path out = ReadTrainingOptionsWith(own, GivenFlags()).session.out;
  if (own.checkpoint.empty()) ThrowUser("is missing", "--checkpoint", "name a run's folder");
  if (out.empty()) ThrowUser("is missing", "--out", "name a folder for the exported model");
  CheckNotReadOnly(out);
  TrainedModel model(own.checkpoint);
  const auto card = ModelCard(model, Scores(own.summary, model));
  fs::create_directories(out);
  const std::map<std::string, std::string> origin = {{"format", "pt"},
                                                     {"recipe", model.options().run.recipe}};
  for (const auto& part : model.drawing_parts())
    WriteSafeTensors(out / (part.name + ".safetensors"), WithoutPrefix(part.tensors, part.name + "."),
                     origin);
  if (const auto text = WithoutPrefix(model.frozen(), "text_encoder."); !text.empty())
    WriteSafeTensors(out / "text_encoder.safetensors", text, origin);
  WriteFileAtomically(out / train::kVocabularyFile, model.vocabulary().ToJson());
  WriteFileAtomically(out / train::kRunFlagsFile, model.run_flags());
  WriteFileAtomically(out / "README.md", card);  // last: an export with a card is whole
  LOG(INFO) << "exported step " << model.step() << " to " << out.string();
  return 0;
}

}  // namespace
}  // namespace helio::app

int main(int argc, char** argv) {
  helio::app::RegisterFlagsOf<helio::app::ExportOptions>();
  helio::app::RegisterTrainingFlags();
  return helio::app::Main(
      argc, argv,
      {.usage = "helio-export writes a trained model for others to use: --checkpoint=RUN --out=DIR "
                "[--summary=summary.json]",
       .shared = {"out", "log_format"}},
      &helio::app::Run);
}
