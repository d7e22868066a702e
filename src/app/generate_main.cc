#include "cluster/launch.h"
#include "dataio/batch_rows.h"
#include "src/app/main.h"
#include "src/app/sentence_reader.h"
#include "src/app/trained_model.h"
#include "src/app/training_flags.h"
#include "src/app/translate_files.h"
#include "src/base/characters.h"
#include "src/eval/attention_picture.h"
#include "src/eval/png_writer.h"

namespace helio::app {
namespace {

struct GenerateOptions {
  std::string checkpoint, text, text_encoder, image, direction;
  int64_t n = 4;

  void Declare(OptionList& list) {
    list.Add("checkpoint", &checkpoint, AnyValue(), "A run's folder, or one of its checkpoints");
    list.Add("text", &text, AnyValue(), "The sentence to draw");
    list.Add(
        "text_encoder", &text_encoder, AnyValue(),
        "Encoder of the sentence, for systems that were trained on embeddings; default: the one that the "
        "run recorded");
    list.Add("image", &image, AnyValue(),
             "FILE,...: pictures for a system that translates, in place of --text");
    list.Add("direction", &direction, OneOf({"", "a2b", "b2a"}),
             "a2b or b2a: from the first data set's domain to the second's, or back");
    list.Add("n", &n, Between(1, 64), "Pictures");
  }
};

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

eval::AttentionSubject Subject(const recipes::Pictures& pictures, int64_t row, const std::string& text,
                               const std::vector<std::string>& words) {
  eval::AttentionSubject subject;
  subject.caption = text;
  subject.words = words;
  for (size_t i = 0; i < pictures.attention.size(); ++i) {
    const auto& image = pictures.images[pictures.images.size() - pictures.attention.size() + i];
    subject.stages.push_back(
        {image[row], pictures.attention[i][row].narrow(0, 0, static_cast<int64_t>(words.size()))});
  }
  return subject;
}

// The sentence as rows of words that the system knows, and those words.
dataio::Domain WordsOf(const GenerateOptions& own, const dataio::Vocabulary& vocabulary, int64_t longest,
                       std::vector<std::string>& words) {
  auto ids = KnownWords(vocabulary.WordsOf(own.text), vocabulary, words);
  if (static_cast<int64_t>(ids.size()) > longest) {
    LOG(WARNING) << "only the first " << longest << " words are used";
    ids.resize(static_cast<size_t>(longest));
    words.resize(ids.size());
  }
  dataio::Domain text;
  std::tie(text.captions, text.caption_lengths) =
      dataio::PadCaptions(std::vector<std::vector<int32_t>>(static_cast<size_t>(own.n), ids), longest);
  return text;
}

// The same for a system that knows sentences only by their embedding.
recipes::Prompt EmbeddedPrompt(const GenerateOptions& own, const TrainedModel& model,
                               std::vector<std::string>& words) {
  const auto encoder = SentenceEncoderOf(model, own.text_encoder);
  const auto needs = encoder->Needs();
  dataio::Domain text;
  if (needs.captions) text = WordsOf(own, model.vocabulary(), needs.words, words);
  if (needs.characters > 0)
    text.characters = torch::tensor(CharacterNumbers(own.text, needs.characters), torch::kInt64)
                          .expand({own.n, 1, needs.characters});
  return {text.captions, text.caption_lengths, encoder->Encode(text)};
}

recipes::Prompt PromptFor(const GenerateOptions& own, const TrainedModel& model,
                          std::vector<std::string>& words) {
  if (model.needs().embeddings > 0) return EmbeddedPrompt(own, model, words);
  return recipes::PromptOf(WordsOf(own, model.vocabulary(), model.needs().words, words));
}

void DrawSentence(const GenerateOptions& own, TrainedModel& model, const std::filesystem::path& out) {
  const auto& run = model.options().run;
  std::vector<std::string> words;
  const auto prompt = PromptFor(own, model, words);
  auto pictures = model.drawer().Draw(prompt, run.seed, {0, own.n, own.n});
  for (auto* tensors : {&pictures.images, &pictures.attention})
    for (auto& tensor : *tensors) tensor = tensor.cpu();
  std::vector<eval::AttentionSubject> subjects;
  for (int64_t i = 0; i < own.n; ++i) subjects.push_back(Subject(pictures, i, own.text, words));
  if (out.has_parent_path()) std::filesystem::create_directories(out.parent_path());
  eval::WritePng(out,
                 eval::DrawAttention(subjects, {.title = run.recipe + ": what each word looked at",
                                                .subtitle = "seed " + std::to_string(run.seed)}),
                 {{"caption", own.text}, {"seed", std::to_string(run.seed)}});
  for (int64_t i = 0; i < own.n; ++i) {
    auto single = out;
    single.replace_filename(out.stem().string() + "-" + std::to_string(i + 1) + ".png");
    eval::WritePicture(single, pictures.images.back()[i]);
  }
  LOG(INFO) << "wrote " << out.string() << " and " << own.n << " single pictures beside it";
}

std::vector<std::string> FilesIn(const std::string& list) {
  std::vector<std::string> files;
  std::istringstream entries(list);
  for (std::string file; std::getline(entries, file, ',');) files.push_back(file);
  return files;
}

int Run() {
  GenerateOptions own;
  const auto options = ReadTrainingOptionsWith(own, GivenFlags());
  const auto& out = options.session.out;
  if (own.checkpoint.empty()) ThrowUser("is missing", "--checkpoint", "name a run's folder");
  if (own.text.empty() == own.image.empty())
    ThrowUser("one of them", "--text, --image", "a sentence to draw, or pictures to translate");
  if (out.extension() != ".png") ThrowUser("must be a .png file", "--out");
  TrainedModel model(own.checkpoint, cluster::DeviceAlone(options.launch.device));
  if (own.image.empty()) {
    DrawSentence(own, model, out);
  } else {
    if (!model.translator())
      ThrowUser("'" + model.options().run.recipe + "' draws sentences", "--image", "--text=\"...\"");
    TranslateFiles(model, FilesIn(own.image), own.direction, out);
  }
  return 0;
}

}  // namespace
}  // namespace helio::app

int main(int argc, char** argv) {
  helio::app::RegisterFlagsOf<helio::app::GenerateOptions>();
  helio::app::RegisterTrainingFlags();
  return helio::app::Main(
      argc, argv,
      {.usage = "helio-generate draws a sentence: --checkpoint=RUN --text=\"...\" --out=F.png [--n=4] "
                "[--seed=S]; or "
                "translates pictures: --checkpoint=RUN --image=FILE,... --direction=a2b --out=F.png",
       .shared = {"out", "seed", "device", "log_format"}},
      &helio::app::Run);
}
