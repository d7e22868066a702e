#include "src/app/training_data.h"

#include "dataio/embeddings.h"
#include "src/base/error.h"
#include "src/base/text_list.h"

namespace helio::app {
namespace {

// Pictures with a shorter side above so many crops are hardly meant: training would see too little of them.
constexpr double kNarrowWindow = 1.6;

using DatasetsByRole = std::map<std::string, std::shared_ptr<const dataio::Dataset>>;

DatasetsByRole OpenAll(const std::map<std::string, std::string>& folders, const char* split) {
  if (folders.empty()) ThrowUser("is missing", "--data", "name a packed data set (helio-pack)");
  DatasetsByRole sets;
  for (const auto& [role, folder] : folders)
    sets.emplace(role, std::make_shared<const dataio::Dataset>(folder, split));
  return sets;
}

// The concerns of TrainingData::Concerns, each a sentence; empty where there is none.

std::string NarrowWindow(const dataio::LoaderSource& source) {
  const auto picture = source.dataset->Picture(0);
  const int64_t shorter = std::min(picture.width, picture.height), seen = source.needs.crop_side();
  if (static_cast<double>(shorter) <= kNarrowWindow * static_cast<double>(seen)) return "";
  return "pictures are stored with a shorter side of " + std::to_string(shorter) +
         ", and this system looks at a window of " + std::to_string(seen) +
         " of it: a part of what they show. For all of it pack with --side=" +
         std::to_string(dataio::StoredSide(seen));
}

std::string NoBoxes(const dataio::LoaderSource& source) {
  if (!source.needs.boxes || source.dataset->Box(0)[2] > 0) return "";
  return "the data set has no boxes (a CUB has them): this system is told that all of every picture is the "
         "place";
}

std::string OneClass(const dataio::Dataset& split) {
  if (split.classes() == 0 || split.has_classes()) return "";
  return "all rows of the split '" + split.split() +
         "' are of one class: they count as rows without classes (is that column right?)";
}

void CheckOneEncoder(const dataio::Embeddings& train, const dataio::Embeddings& test,
                     const std::string& where) {
  const bool known = !train.encoder().empty() && !test.encoder().empty();
  if (train.size() == test.size() && (!known || train.encoder() == test.encoder())) return;
  ThrowUser("the sentence embeddings of its splits are of two encoders: " + train.protocol() + " (train), " +
                test.protocol() + " (test)",
            where, "make them anew, both by one: helio-embed");
}

// Runs from before they were recorded do not say.
int64_t WordsIn(const Json& facts) {
  const double words = NumberIn(facts, "sentence_words");
  return words > 0 ? static_cast<int64_t>(std::min(words, 1000.0)) : 0;
}

}  // namespace

recipes::DataFacts FactsOf(const dataio::Dataset& dataset) {
  recipes::DataFacts facts;
  facts.vocabulary = dataset.vocabulary().size();
  facts.classes = dataset.has_classes() ? dataset.classes() : 0;
  facts.key_points = dataset.key_point_names();
  if (!std::filesystem::exists(dataio::Embeddings::FileOf(dataset))) return facts;
  const dataio::Embeddings embeddings(dataset);
  facts.embedding = embeddings.size();
  facts.sentences = embeddings.protocol();
  facts.sentence_encoder = embeddings.encoder();
  facts.sentence_encoder_file = embeddings.encoder_file();
  facts.sentence_words = embeddings.words();
  return facts;
}

Json ToJson(const recipes::DataFacts& facts) {
  return {{"vocabulary", facts.vocabulary},
          {"classes", facts.classes},
          {"embedding", facts.embedding},
          {"key_points", facts.key_points},
          {"sentences", facts.sentences},
          {"sentence_encoder", facts.sentence_encoder},
          {"sentence_encoder_file", facts.sentence_encoder_file},
          {"sentence_words", facts.sentence_words}};
}

recipes::DataFacts FactsFromJson(const Json& json, const std::string& where) {
  return {.vocabulary = JsonField<int64_t>(json, "vocabulary", where),
          .classes = JsonField<int64_t>(json, "classes", where),
          .embedding = JsonField<int64_t>(json, "embedding", where),
          .key_points = JsonField<std::vector<std::string>>(json, "key_points", where),
          .sentences = TextIn(json, "sentences"),  // runs from before they were recorded
          .sentence_encoder = TextIn(json, "sentence_encoder"),
          .sentence_encoder_file = TextIn(json, "sentence_encoder_file"),
          .sentence_words = WordsIn(json)};
}

TrainingData::TrainingData(const std::map<std::string, std::string>& folders)
    : train_(OpenAll(folders, "train")),
      test_(OpenAll(folders, "test")),
      main_role_(train_.contains("data") ? "data" : train_.begin()->first) {}

std::vector<std::string> TrainingData::Concerns(const std::vector<dataio::DomainNeeds>& needs) const {
  std::vector<std::string> concerns;
  const auto add = [&](std::string concern) {
    if (!concern.empty()) concerns.push_back(std::move(concern));
  };
  const auto sources = Sources(needs);
  for (const auto& source : sources) add(NarrowWindow(source));
  for (const auto& source : sources) add(NoBoxes(source));
  for (const auto* split : {&train(), &test()}) add(OneClass(*split));
  return concerns;
}

recipes::DataFacts TrainingData::Facts() const { return FactsOf(train()); }

std::vector<dataio::HeldOut> TrainingData::HeldOutRows(const std::vector<dataio::DomainNeeds>& needs) const {
  Sources(needs);  // says which data set is lacking
  std::vector<dataio::HeldOut> sets;
  for (const auto& domain : needs) {
    auto& set = sets.emplace_back(dataio::HeldOut{test_.at(domain.data).get(), domain});
    if (sets.size() > 1) set.counterparts = dataio::CounterpartsOf(*sets[0].dataset, *set.dataset);
  }
  return sets;
}

std::vector<dataio::LoaderSource> TrainingData::Sources(const std::vector<dataio::DomainNeeds>& needs) const {
  std::vector<dataio::LoaderSource> sources;
  for (const auto& domain : needs) {
    const auto& sets = domain.split == test().split() ? test_ : train_;
    const auto found = sets.find(domain.data);
    if (found == sets.end())
      ThrowUser("lacks the data set '" + domain.data + "' that this system reads", "--data",
                "--data=" + domain.data + ":FOLDER,...");
    sources.push_back({found->second, domain});
  }
  return sources;
}

std::vector<dataio::HeldOut> TrainingData::RowsFor(const recipes::Validation& validation,
                                                   const std::vector<dataio::DomainNeeds>& needs) const {
  if (!validation.on_counterparts())
    return {{validation.on_training_rows() ? Sources({needs.at(0)})[0].dataset.get() : &test(), needs.at(0)}};
  auto sets = HeldOutRows(needs);
  return dataio::HaveCounterparts(sets) ? sets : std::vector<dataio::HeldOut>{};
}

void TrainingData::CheckHeldOut(const std::vector<dataio::DomainNeeds>& needs) const {
  for (const auto& domain : needs) {
    if (domain.embeddings == 0) continue;
    const auto& train_set = *train_.at(domain.data);
    const dataio::Embeddings test(*test_.at(domain.data));
    CheckOneEncoder(dataio::Embeddings(train_set), test, train_set.root().string());
    test.CheckContent();
  }
}

int64_t TrainingData::Rows(const std::vector<dataio::DomainNeeds>& needs) const {
  int64_t rows = 0;
  for (const auto& source : Sources(needs)) rows = std::max(rows, source.dataset->size());
  return rows;
}

std::string TrainingData::Digest(const std::vector<dataio::DomainNeeds>& needs) const {
  std::string digest;
  for (const auto& source : Sources(needs)) {
    AddToList(digest, source.dataset->digest(), "+");
    if (source.needs.embeddings == 0) continue;
    const dataio::Embeddings embeddings(*source.dataset);
    embeddings.CheckContent();
    AddToList(digest, embeddings.digest(), "+");
  }
  return digest;
}

}  // namespace helio::app
