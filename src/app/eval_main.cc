#include "src/app/main.h"
#include "src/app/picture_progress.h"
#include "src/app/score_folders.h"
#include "src/app/score_push.h"
#include "src/app/sentence_reader.h"
#include "src/app/trained_model.h"
#include "src/app/training_checks.h"
#include "src/app/training_data.h"
#include "src/app/training_flags.h"
#include "src/app/training_structs.h"
#include "src/eval/evaluation.h"
#include "src/eval/report.h"
#include "src/eval/samples.h"

namespace helio::app {
namespace {

struct EvalOptions : eval::DistanceChoice {
  std::string checkpoint, attributes;
  eval::FolderScoreOptions folders;  // and where features go
  int64_t images = 3000, diversity = 0, inception_splits = 10;
  bool by_class = false;

  void Declare(OptionList& list) {
    list.Add("checkpoint", &checkpoint, AnyValue(), "A run's folder, or one of its checkpoints");
    list.Add("attributes", &attributes, AnyValue(),
             "attributes.json of helio-synth: also score which part has which colour");
    DistanceChoice::Declare(list);
    list.Add("features", &folders.features, AnyValue(),
             "Write the features that --fid, --kid and --prdc compare to this .safetensors file");
    list.Add("fake", &folders.fake, AnyValue(),
             "Instead of a checkpoint: a folder of pictures that any program made, judged by --classifier");
    list.Add(
        "real", &folders.real, AnyValue(),
        "With --fake: the folder of real pictures to compare with, or a file of --features or statistics");
    list.Add(
        "by_class", &by_class, AnyValue(),
        "Of systems that can be asked for a class: how often --classifier sees the class of a training row");
    list.Add(
        "diversity", &diversity, Between(0, 16),
        "Also score how different so many pictures of one caption are, of --images / --diversity captions; "
        "0 or 1: not");
    list.Add("inception_splits", &inception_splits, Between(1, 1000),
             "Parts of the pictures that the Inception Score is the mean of");
    list.Add("images", &images, Between(1, 1e7), "Pictures to draw, over all ranks together");
  }
};

Json SourceOf(const TrainedModel& model) {
  return {{"checkpoint", model.checkpoint().string()}, {"step", model.step()}};
}

void WriteReport(const std::vector<eval::Score>& generated, const std::vector<eval::Score>& real,
                 TrainedModel& model, const dataio::Dataset& test) {
  const auto& run = model.options().run;
  const auto& out = model.options().session.out;
  std::filesystem::create_directories(out);
  eval::UpdateSummary(out / "summary.json", {{"generated", generated, SourceOf(model)},
                                             {"real", real, {{"data", run.data}, {"split", test.split()}}}});
  eval::AppendScores(out / "evaluation.jsonl", model.step(), generated);
  PushScores(model.options(), generated);
  LOG(INFO) << "generated pictures:\n" << eval::FormatScores(generated);
  LOG(INFO) << "real pictures, scored the same way:\n" << eval::FormatScores(real);
  eval::WriteSampleGrid(model.drawer(), test, model.needs(),
                        {.seed = run.seed, .title = run.recipe + ", step " + std::to_string(model.step())},
                        out / "samples.png");
  eval::WriteAttention(
      model.drawer(), test, model.needs(),
      {.count = 4, .seed = run.seed, .title = run.recipe + ", step " + std::to_string(model.step())},
      out / "attention.png");
}

// Instead of captions' pictures.
void EvaluateByClass(TrainedModel& model, const eval::Judges& judges, const TrainingData& data,
                     const eval::EvaluationOptions& evaluation, cluster::Communicator& communicator) {
  if (model.drawer().classes() == 0 || !judges.classifier)
    ThrowUser("needs a system that can be asked for a class, and a judge", "--by_class",
              "pass --classifier; the README says which systems draw classes");
  const auto scores =
      eval::EvaluateClasses(model.drawer(), judges, data.train(), model.needs(), evaluation, communicator);
  if (communicator.rank() > 0) return;
  const auto& out = model.options().session.out;
  std::filesystem::create_directories(out);
  eval::UpdateSummary(out / "summary.json", {{"by_class", scores, SourceOf(model)}});
  eval::AppendScores(out / "evaluation.jsonl", model.step(), scores);
  LOG(INFO) << "pictures drawn for classes, and real ones:\n" << eval::FormatScores(scores);
}

eval::Judges JudgesFor(const EvalOptions& own, TrainedModel& model, const TrainingData& data,
                       torch::Device device) {
  const auto& run = model.options().run;
  const auto& test = data.test();
  return eval::MakeJudges(model.options().judges, ReadWeights(run, test.vocabulary()), test,
                          {.device = device,
                           .attributes = own.attributes,
                           .train = &data.train(),
                           .seed = run.seed,
                           .distances = own,
                           .inception_splits = own.inception_splits});
}

int Evaluate(const EvalOptions& own, cluster::Communicator& communicator) {
  const auto device = communicator.world().device;
  TrainedModel model(own.checkpoint, device);
  const auto& run = model.options().run;
  const TrainingData data(run.DataFolders());
  const auto& test = data.test();
  if (communicator.rank() == 0)
    for (const auto& concern : data.Concerns({model.needs()})) LOG(WARNING) << run.data << ": " << concern;
  if (test.vocabulary().Digest() != model.vocabulary().Digest())
    ThrowUser("the data set's vocabulary is not the checkpoint's", run.data,
              "pack it with --vocab of the checkpoint");
  CheckEmbeddings(model, test, run.data);
  if (run.WeightFiles().contains("damsm")) CheckEvaluation(test, run, own.images, "images");
  const auto judges = JudgesFor(own, model, data, device);
  eval::EvaluationOptions evaluation{own.images, run.seed, own.folders.features,
                                     PictureProgress("drawn pictures", communicator.rank())};
  if (own.by_class) {
    EvaluateByClass(model, judges, data, evaluation, communicator);
    communicator.Barrier("report");
    return 0;
  }
  auto generated =
      eval::EvaluateGenerator(model.drawer(), judges, test, model.needs(), evaluation, communicator);
  if (own.diversity > 1)
    std::ranges::move(eval::EvaluateDiversity(model.drawer(), judges, test, model.needs(), evaluation,
                                              own.diversity, communicator),
                      std::back_inserter(generated));
  evaluation.watch = PictureProgress("real pictures", communicator.rank());
  const auto real = eval::EvaluateReal(judges, test, model.needs(), evaluation, communicator);
  if (communicator.rank() == 0) WriteReport(generated, real, model, test);
  communicator.Barrier("report");
  return 0;
}

void CheckOptions(const EvalOptions& own, const TrainingOptions& options) {
  if (own.checkpoint.empty())
    ThrowUser("is missing", "--checkpoint", "name a run's folder, or with --fake a folder of pictures");
  if (!own.folders.real.empty())
    ThrowUser("goes with --fake", "--real", "a checkpoint is compared with --data");
  CheckData(options.run);
  if (options.session.out.empty())
    ThrowUser("is missing", "--out", "name a folder for summary.json and samples.png");
  if (const auto weights = options.run.WeightFiles();
      !weights.contains("damsm") && !weights.contains("classifier"))
    ThrowUser("no judge", "--damsm, --classifier", "pass at least one");
  else if (!weights.contains("classifier") && (own.any() || !own.folders.features.empty()))
    ThrowUser("compare the features of a classifier", "--fid, --kid, --prdc, --features",
              "name its weights with --classifier");
  else if (!own.folders.features.empty() && !own.any())
    ThrowUser("has nothing to write", "--features", "without --fid, --kid or --prdc nothing is compared");
}

int Run() {
  EvalOptions own;
  const auto options = ReadTrainingOptionsWith(own, GivenFlags());
  if (!own.folders.fake.empty()) return ScorePictureFolders(options, own, own.folders, own.inception_splits);
  CheckOptions(own, options);
  cluster::Launch launch(options.launch);
  StartLogging("helio-eval", launch.world().rank, launch.world().size);
  return launch.Run([&] {
    UseThreads(options.run.threads, launch.communicator());
    return Evaluate(own, launch.communicator());
  });
}

}  // namespace
}  // namespace helio::app

int main(int argc, char** argv) {
  helio::app::RegisterFlagsOf<helio::app::EvalOptions>();
  helio::app::RegisterTrainingFlags();
  return helio::app::Main(
      argc, argv,
      {.usage = "helio-eval scores a trained system: --checkpoint=RUN --data=DIR --damsm=FILE "
                "--classifier=FILE --out=DIR\nor pictures: --fake=DIR --real=DIR --classifier=FILE --out=DIR",
       .shared = {"data", "out", "seed", "weights", "damsm", "classifier", "classifier_trunk", "threads",
                  "device", "push_gateway", "expect_world_size", "deadline_seconds", "log_format"}},
      &helio::app::Run);
}
