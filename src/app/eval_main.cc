#include "src/app/evaluation_options.h"
#include "src/app/evaluation_ranks.h"
#include "src/app/main.h"
#include "src/app/picture_progress.h"
#include "src/app/pretrained_weights.h"
#include "src/app/run_setup.h"
#include "src/app/score_folders.h"
#include "src/app/score_push.h"
#include "src/app/sentence_encoder_file.h"
#include "src/app/trained_model.h"
#include "src/app/training_checks.h"
#include "src/app/training_data.h"
#include "src/app/training_flags.h"
#include "src/eval/evaluation.h"
#include "src/eval/report.h"
#include "src/eval/samples.h"

namespace helio::app {
namespace {

// Scores of one kind of pictures, and which these are.
struct Found {
  std::vector<eval::Score> scores;
  Json source;
};

Json SourceOf(const TrainedModel& model) {
  return {{"checkpoint", model.checkpoint().string()}, {"step", model.step()}};
}

// Says, and notes beside `found`, which scores it lacks and why.
eval::AbsenceCallback NotedBeside(Found& found, int rank) {
  return [&found, rank](const std::string& name, const std::string& reason) {
    if (rank == 0) LOG(WARNING) << "'" << name << "' has no score: " << reason;
    found.source["absent"][name] = reason;
  };
}

void WriteReport(const Found& generated, const Found& real, TrainedModel& model,
                 const dataio::Dataset& test) {
  const auto& run = model.options().run;
  const auto& out = model.options().session.out;
  std::filesystem::create_directories(out);
  eval::UpdateSummary(out / "summary.json", {{"generated", generated.scores, generated.source},
                                             {"real", real.scores, real.source}});
  eval::AppendScores(out / "evaluation.jsonl", model.step(), generated.scores);
  PushScores(model.options(), model.run_folder(), generated.scores);
  LOG(INFO) << "generated pictures:\n" << eval::FormatScores(generated.scores);
  LOG(INFO) << "real pictures, scored the same way:\n" << eval::FormatScores(real.scores);
  const eval::DrawnSamples samples(
      DrawerOf(model), test, model.needs(),
      {.seed = run.seed, .title = run.recipe + ", step " + std::to_string(model.step())});
  samples.WriteGrid(out / "samples.png");
  if (samples.have_attention()) samples.WriteAttention(out / "attention.png");
}

// Whether the judge is a network that the system was trained against or draws by: it is pleased easily.
bool IsItsOwnJudge(const TrainedModel& model, const eval::Judges& judges) {
  const auto judge = judges.classifier->parameters().back().cpu();
  return std::ranges::any_of(model.frozen(), [&](const auto& own) {
    return own.second.sizes() == judge.sizes() && own.second.scalar_type() == judge.scalar_type() &&
           torch::equal(own.second, judge);
  });
}

// Instead of captions' pictures.
void EvaluateByClass(TrainedModel& model, const eval::Judges& judges, const TrainingData& data,
                     const eval::EvaluationOptions& evaluation, cluster::Communicator& communicator) {
  if (DrawerOf(model).classes() == 0 || !judges.classifier)
    ThrowUser("needs a system that can be asked for a class, and a judge", "--by_class",
              "pass --classifier; docs/programs.md says which systems draw classes");
  if (communicator.rank() == 0 && IsItsOwnJudge(model, judges))
    LOG(WARNING)
        << "--classifier is what the system itself draws by: its accuracy proves little; one of another "
           "seed would be a judge";
  const auto scores =
      eval::EvaluateClasses(DrawerOf(model), {judges, data.train(), model.needs(), evaluation, communicator});
  if (communicator.rank() > 0) return;
  const auto& out = model.options().session.out;
  std::filesystem::create_directories(out);
  eval::UpdateSummary(out / "summary.json", {{"by_class", scores, SourceOf(model)}});
  eval::AppendScores(out / "evaluation.jsonl", model.step(), scores);
  LOG(INFO) << "pictures drawn for classes, and real ones:\n" << eval::FormatScores(scores);
}

eval::Judges JudgesFor(const HelioEvalOptions& own, TrainedModel& model, const TrainingData& data,
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

// The data set against what is asked of it.
void CheckTest(const HelioEvalOptions& own, const TrainedModel& model, const dataio::Dataset& test) {
  const auto& run = model.options().run;
  if (test.vocabulary().Digest() != model.vocabulary().Digest())
    ThrowUser("the data set's vocabulary is not the checkpoint's", run.data,
              "pack it with --vocab of the checkpoint");
  CheckChain(run.recipe, GivenFlags());
  CheckEmbeddings(model, test, run.data);
  CheckRealRows(own, test);
  if (test.captions() == 0 && !run.WeightFiles().contains("classifier"))
    ThrowUser("holds pictures without captions, and --damsm judges by these", run.data, "pass --classifier");
  if (run.WeightFiles().contains("damsm")) CheckEvaluation(test, run, own.images, "images");
}

Found EvaluateDrawn(const HelioEvalOptions& own, TrainedModel& model, const eval::Judges& judges,
                    const dataio::Dataset& test, eval::EvaluationOptions evaluation,
                    cluster::Communicator& communicator) {
  Found found{{}, SourceOf(model)};
  evaluation.absent = NotedBeside(found, communicator.rank());
  const eval::EvaluationTask task{judges, test, model.needs(), evaluation, communicator};
  found.scores = eval::EvaluateGenerator(DrawerOf(model), task);
  if (own.diversity > 1)
    std::ranges::move(eval::EvaluateDiversity(DrawerOf(model), task, own.diversity),
                      std::back_inserter(found.scores));
  if (found.scores.empty())
    ThrowUser("none of the scores could be had", "--images", "evaluate more pictures");
  return found;
}

Found EvaluateTest(TrainedModel& model, const eval::Judges& judges, const dataio::Dataset& test,
                   eval::EvaluationOptions evaluation, cluster::Communicator& communicator) {
  Found found{{}, {{"data", model.options().run.data}, {"split", test.split()}}};
  evaluation.absent = NotedBeside(found, communicator.rank());
  evaluation.progress = PictureProgress("real pictures", communicator.rank());
  found.scores = eval::EvaluateReal({judges, test, model.needs(), evaluation, communicator});
  return found;
}

// Before anything is drawn. Concerns, and what is asked of the disk, are rank 0's.
void CheckBeforehand(const HelioEvalOptions& own, const TrainedModel& model, const TrainingData& data,
                     int rank) {
  if (rank == 0)
    for (const auto& concern : data.Concerns({model.needs()}))
      LOG(WARNING) << model.options().run.data << ": " << concern;
  CheckTest(own, model, data.test());
  if (rank == 0) eval::CheckReportPlaces(model.options().session.out, own.folders.features);
}

int Evaluate(const HelioEvalOptions& own, cluster::Communicator& communicator) {
  const auto device = communicator.world().device;
  TrainedModel model(CheckpointOfAll(own.checkpoint, communicator), device);
  const auto& run = model.options().run;
  const TrainingData data(run.DataFolders());
  const auto& test = data.test();
  CheckBeforehand(own, model, data, communicator.rank());
  const auto judges = JudgesFor(own, model, data, device);
  CheckSameEvaluation(model, judges, test, communicator);
  const eval::EvaluationOptions evaluation{
      .images = own.images,
      .seed = run.seed,
      .features_file = own.folders.features,
      .progress = PictureProgress("drawn pictures", communicator.rank())};
  if (own.by_class) {
    EvaluateByClass(model, judges, data, evaluation, communicator);
  } else {
    const auto generated = EvaluateDrawn(own, model, judges, test, evaluation, communicator);
    const auto real = EvaluateTest(model, judges, test, evaluation, communicator);
    if (communicator.rank() == 0) WriteReport(generated, real, model, test);
  }
  communicator.Barrier("report");
  return 0;
}

int Run() {
  HelioEvalOptions own;
  const auto options = ReadTrainingOptionsWith(own, GivenFlags());
  if (!own.folders.fake.empty()) return ScorePictureFolders(options, own, own.folders, own.inception_splits);
  CheckEvalOptions(own, options);
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
  helio::app::RegisterFlagsOf<helio::app::HelioEvalOptions>();
  helio::app::RegisterTrainingFlags();
  return helio::app::Main(
      argc, argv,
      {.usage = "helio-eval scores a trained system: --checkpoint=RUN --data=DIR --damsm=FILE "
                "--classifier=FILE --out=DIR\nor pictures: --fake=DIR --real=DIR --classifier=FILE --out=DIR",
       .shared = {"data", "out", "seed", "weights", "damsm", "classifier", "classifier_trunk", "threads",
                  "device", "push_gateway", "expect_world_size", "deadline_seconds", "log_format",
                  "iterations", "epsilon1"}},
      &helio::app::Run);
}
