#include <gflags/gflags.h>

#include "src/app/main.h"
#include "src/app/trained_model.h"
#include "src/app/training_checks.h"
#include "src/app/training_data.h"
#include "src/app/training_flags.h"
#include "src/app/training_structs.h"
#include "src/eval/evaluation.h"
#include "src/eval/report.h"
#include "src/eval/samples.h"

DEFINE_string(checkpoint, "", "A run's folder, or one of its checkpoints");
DEFINE_string(attributes, "", "attributes.json of helio-synth: also score which part has which colour");
DEFINE_int64(images, 3000, "Pictures to draw, over all ranks together");

namespace helio::app {
namespace {

void WriteReport(const std::vector<eval::Score>& generated, const std::vector<eval::Score>& real,
                 TrainedModel& model, const dataio::Dataset& test) {
  const auto& run = model.options().run;
  const auto& out = model.options().session.out;
  std::filesystem::create_directories(out);
  eval::UpdateSummary(out / "summary.json", "generated", generated);
  eval::UpdateSummary(out / "summary.json", "real", real);
  eval::AppendScores(out / "evaluation.jsonl", model.step(), generated);
  LOG(INFO) << "generated pictures:\n" << eval::FormatScores(generated);
  LOG(INFO) << "real pictures, scored the same way:\n" << eval::FormatScores(real);
  eval::WriteSampleGrid(model.drawer(), test, model.needs(),
                        {.seed = run.seed, .title = run.recipe + ", step " + std::to_string(model.step())},
                        out / "samples.png");
}

int Evaluate(cluster::Communicator& communicator) {
  const auto device = communicator.world().device;
  TrainedModel model(FLAGS_checkpoint, device);
  const auto& run = model.options().run;
  const TrainingData data(run.DataFolders());
  const auto& test = data.test();
  if (test.vocabulary().Digest() != model.vocabulary().Digest())
    ThrowUser("the data set's vocabulary is not the checkpoint's", run.data,
              "pack it with --vocab of the checkpoint");
  if (run.WeightFiles().contains("damsm")) CheckEvaluation(test, run, FLAGS_images, "images");
  const auto judges = eval::MakeJudges(
      model.options().judges, ReadWeights(run, test.vocabulary()), test,
      {.device = device, .attributes = FLAGS_attributes, .train = &data.train(), .seed = run.seed});
  const eval::EvaluationOptions evaluation{FLAGS_images, run.seed};
  const auto generated =
      eval::EvaluateGenerator(model.drawer(), judges, test, model.needs(), evaluation, communicator);
  const auto real = eval::EvaluateReal(judges, test, model.needs(), evaluation, communicator);
  if (communicator.rank() == 0) WriteReport(generated, real, model, test);
  communicator.Barrier("report");
  return 0;
}

int Run() {
  const auto options = ReadTrainingOptions(GivenFlags());
  if (FLAGS_checkpoint.empty()) ThrowUser("is missing", "--checkpoint", "name a run's folder");
  CheckData(options.run);
  if (options.session.out.empty())
    ThrowUser("is missing", "--out", "name a folder for summary.json and samples.png");
  if (const auto weights = options.run.WeightFiles();
      !weights.contains("damsm") && !weights.contains("classifier"))
    ThrowUser("no judge", "--damsm, --classifier", "pass at least one");
  cluster::Launch launch(options.launch);
  StartLogging("helio-eval", launch.world().rank, launch.world().size);
  return launch.Run([&] {
    UseThreads(options.run.threads, launch.communicator());
    return Evaluate(launch.communicator());
  });
}

}  // namespace
}  // namespace helio::app

int main(int argc, char** argv) {
  helio::app::RegisterTrainingFlags();
  return helio::app::Main(
      argc, argv,
      {.usage = "helio-eval scores a trained system: --checkpoint=RUN --data=DIR --damsm=FILE "
                "--classifier=FILE --out=DIR",
       .shared = {"data", "out", "seed", "weights", "damsm", "classifier", "threads", "device",
                  "expect_world_size", "deadline_seconds", "log_format"}},
      &helio::app::Run);
}
