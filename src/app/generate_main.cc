#include <gflags/gflags.h>

#include "cluster/launch.h"
#include "dataio/batch_rows.h"
#include "src/app/main.h"
#include "src/app/trained_model.h"
#include "src/app/training_flags.h"
#include "src/eval/attention_picture.h"
#include "src/eval/png_writer.h"

DEFINE_string(checkpoint, "", "A run's folder, or one of its checkpoints");
DEFINE_string(text, "", "The sentence to draw");
DEFINE_int32(n, 4, "Pictures");

namespace helio::app {
namespace {

// The sentence's known words; says which it does not know.
std::vector<int32_t> KnownWords(const std::vector<std::string>& tokens, const dataio::Vocabulary& vocabulary,
                                std::vector<std::string>& known) {
  std::vector<int32_t> ids;
  std::string unknown;
  for (const auto& token : tokens) {
    const int64_t id = vocabulary.Find(token);
    if (id > 0) {
      ids.push_back(static_cast<int32_t>(id));
      known.push_back(token);
    } else {
      unknown += " " + token;
    }
  }
  if (!unknown.empty()) LOG(WARNING) << "words that the system never saw, left out:" << unknown;
  if (ids.empty())
    ThrowUser("none of its words is known", "--text", "the training captions show which words are");
  return ids;
}

eval::AttentionSubject Subject(const recipes::Pictures& pictures, int64_t row,
                               const std::vector<std::string>& words) {
  eval::AttentionSubject subject;
  subject.caption = FLAGS_text;
  subject.words = words;
  for (size_t i = 0; i < pictures.attention.size(); ++i) {
    const auto& image = pictures.images[pictures.images.size() - pictures.attention.size() + i];
    subject.stages.push_back(
        {image[row], pictures.attention[i][row].narrow(0, 0, static_cast<int64_t>(words.size()))});
  }
  return subject;
}

int Run() {
  const auto options = ReadTrainingOptions(GivenFlags());
  const auto& out = options.session.out;
  if (FLAGS_checkpoint.empty()) ThrowUser("is missing", "--checkpoint", "name a run's folder");
  if (FLAGS_text.empty()) ThrowUser("is missing", "--text", "name a sentence to draw");
  if (out.extension() != ".png") ThrowUser("must be a .png file", "--out");
  if (FLAGS_n < 1 || FLAGS_n > 64) ThrowUser("must be 1 to 64", "--n");
  TrainedModel model(FLAGS_checkpoint, cluster::DeviceAlone(options.launch.device));
  const auto& run = model.options().run;
  const int64_t longest = model.needs().words;
  std::vector<std::string> words;
  auto ids = KnownWords(dataio::Tokenize(FLAGS_text), model.vocabulary(), words);
  if (static_cast<int64_t>(ids.size()) > longest) {
    LOG(WARNING) << "only the first " << longest << " words are used";
    ids.resize(static_cast<size_t>(longest));
    words.resize(ids.size());
  }
  const auto [captions, lengths] =
      dataio::PadCaptions(std::vector<std::vector<int32_t>>(static_cast<size_t>(FLAGS_n), ids), longest);
  const RowRange rows{0, FLAGS_n, FLAGS_n};
  auto pictures = model.drawer().Draw({captions, lengths}, run.seed, rows);
  for (auto* tensors : {&pictures.images, &pictures.attention})
    for (auto& tensor : *tensors) tensor = tensor.cpu();
  std::vector<eval::AttentionSubject> subjects;
  for (int64_t i = 0; i < FLAGS_n; ++i) subjects.push_back(Subject(pictures, i, words));
  if (out.has_parent_path()) std::filesystem::create_directories(out.parent_path());
  eval::WritePng(out,
                 eval::DrawAttention(subjects, {.title = run.recipe + ": what each word looked at",
                                                .subtitle = "seed " + std::to_string(run.seed)}),
                 {{"caption", FLAGS_text}, {"seed", std::to_string(run.seed)}});
  for (int64_t i = 0; i < FLAGS_n; ++i) {
    auto single = out;
    single.replace_filename(out.stem().string() + "-" + std::to_string(i + 1) + ".png");
    eval::WritePicture(single, pictures.images.back()[i]);
  }
  LOG(INFO) << "wrote " << out.string() << " and " << FLAGS_n << " single pictures beside it";
  return 0;
}

}  // namespace
}  // namespace helio::app

int main(int argc, char** argv) {
  helio::app::RegisterTrainingFlags();
  return helio::app::Main(
      argc, argv,
      {.usage =
           "helio-generate draws a sentence: --checkpoint=RUN --text=\"...\" --out=F.png [--n=4] [--seed=S]",
       .shared = {"out", "seed", "device", "log_format"}},
      &helio::app::Run);
}
