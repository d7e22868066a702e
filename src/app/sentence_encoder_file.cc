#include "src/app/sentence_encoder_file.h"

#include "dataio/embeddings.h"
#include "src/app/pretrained_weights.h"
#include "src/base/error.h"
#include "src/base/safetensors.h"

namespace helio::app {
namespace {

constexpr char kFlag[] = "--text_encoder";

std::string RecordedFile(const recipes::DataFacts& facts) {
  if (!facts.sentence_encoder_file.empty() && std::filesystem::exists(facts.sentence_encoder_file))
    return facts.sentence_encoder_file;
  const auto made = facts.sentences.empty() ? std::string() : " (" + facts.sentences + ")";
  const auto was = facts.sentence_encoder_file.empty()
                       ? std::string("and nobody recorded its file")
                       : "and its file " + facts.sentence_encoder_file + " is gone";
  ThrowUser("the system was trained on embeddings of whole sentences" + made +
                ": a sentence needs the encoder that made them, " + was,
            kFlag, "name its weights: best.safetensors of the pretraining");
}

}  // namespace

std::unique_ptr<recipes::SentenceEncoder> ReadSentenceEncoder(const std::string& file,
                                                              const std::string& flag,
                                                              const recipes::TextEncoderOptions& text,
                                                              const dataio::Vocabulary& vocabulary,
                                                              int64_t words) {
  const auto weights = ReadSafeTensors(file);
  auto encoder =
      recipes::MakeSentenceEncoder(weights.tensors, text, vocabulary.size(), words, flag + "=" + file);
  if (encoder->Needs().captions) CheckVocabulary(weights, vocabulary.Digest(), file, flag);
  return encoder;
}

std::unique_ptr<recipes::SentenceEncoder> SentenceEncoderOf(const TrainedModel& model,
                                                            const std::string& file) {
  const auto& facts = model.facts();
  const auto path = file.empty() ? RecordedFile(facts) : file;
  const int64_t words = facts.sentence_words > 0 ? facts.sentence_words : model.needs().words;
  auto encoder = ReadSentenceEncoder(path, kFlag, model.options().judges, model.vocabulary(), words);
  const bool other = !facts.sentence_encoder.empty() && facts.sentence_encoder != encoder->Digest();
  if (other || encoder->size() != facts.embedding)
    ThrowUser(path + " is another encoder than made the embeddings that the system was trained on (" +
                  facts.sentences + ")",
              kFlag, "name that one's weights");
  return encoder;
}

void CheckEmbeddings(const TrainedModel& model, const dataio::Dataset& dataset, const std::string& where) {
  if (model.needs().embeddings == 0) return;
  const dataio::Embeddings embeddings(dataset);
  embeddings.CheckContent();
  const auto& facts = model.facts();
  const bool known = !facts.sentence_encoder.empty() && !embeddings.encoder().empty();
  if (embeddings.size() == facts.embedding && (!known || embeddings.encoder() == facts.sentence_encoder))
    return;
  ThrowUser("its embeddings (" + embeddings.protocol() + ", " + std::to_string(embeddings.size()) +
                " dimensions) are of another encoder than the system was trained with (" + facts.sentences +
                ", " + std::to_string(facts.embedding) + ")",
            where, "make them anew with that encoder: helio-embed");
}

}  // namespace helio::app
