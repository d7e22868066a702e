#include "src/app/caption_artist.h"

#include "cluster/device_error.h"
#include "src/base/error.h"
#include "src/base/torch_warnings.h"
#include "src/eval/png_writer.h"
#include "src/eval/samples.h"
#include "src/report/data_uri.h"
#include "src/serve/request_error.h"

namespace helio::app {
namespace {

constexpr size_t kTopWords = 5;  // a stage, as in the papers' figures

std::string Uri(const torch::Tensor& picture) {
  return report::DataUri(eval::PictureBytes(picture), "image/png");
}

Json StagesOf(const recipes::Pictures& pictures, int64_t row, bool all) {
  Json stages = Json::array();
  for (size_t i = all ? 0 : pictures.images.size() - 1; i < pictures.images.size(); ++i)
    stages.push_back({{"label", eval::LabelOf(pictures, i)}, {"png", Uri(pictures.images[i][row])}});
  return stages;
}

// The most attended words of each stage that has attention, over its picture.
Json AttentionOf(const recipes::Pictures& pictures, int64_t row, const std::vector<std::string>& words) {
  Json stages = Json::array();
  for (const auto& [image, attention] : eval::SubjectOf(pictures, row, "", words).stages) {
    Json maps = Json::array();
    for (const int64_t word : eval::TopWords(attention, words.size(), kTopWords))
      maps.push_back({{"word", words[static_cast<size_t>(word)]},
                      {"place", word + 1},
                      {"peak", attention[word].max().item<double>()},
                      {"png", Uri(eval::AttentionOver(image, attention[word], image.size(2)))}});
    const auto label = eval::LabelOf(pictures, eval::PictureOfAttention(pictures, stages.size()));
    stages.push_back({{"label", label}, {"words", maps}});
  }
  return stages;
}

Json PictureJson(const recipes::Pictures& pictures, int64_t row, const serve::DrawRequest& request,
                 const ReadSentence& caption) {
  Json picture = {{"stages", StagesOf(pictures, row, request.stages)}};
  if (request.attention) picture["attention"] = AttentionOf(pictures, row, caption.words);
  return picture;
}

// To a request whose pictures are the rows from `first` on.
Json AnswerOf(const recipes::Pictures& pictures, int64_t first, const serve::DrawRequest& request,
              const ReadSentence& caption) {
  Json answer = {{"caption", caption.text},    {"words", caption.words},
                 {"unknown", caption.unknown}, {"cut", caption.cut},
                 {"seed", request.seed},       {"drawn_together", pictures.images.back().size(0)},
                 {"pictures", Json::array()}};
  for (int64_t row = first; row < first + request.pictures; ++row)
    answer["pictures"].push_back(PictureJson(pictures, row, request, caption));
  return answer;
}

}  // namespace

CaptionArtist::CaptionArtist(TrainedModel& model, const std::string& encoder)
    : model_(model), reader_(model, encoder) {
  if (DrawsNoiseAlone(model))
    ThrowUser("'" + model.options().run.recipe + "' draws of noise alone: captions would change nothing",
              model.checkpoint().string(), "helio-generate draws it");
  serve::DrawRequest trial;
  trial.caption = model.vocabulary().size() > 1 ? model.vocabulary().word(1) : "a";
  trial.pictures = 1;
  Drawn({trial}, {reader_.Read(trial.caption)});
}

Json CaptionArtist::About() const {
  return {{"system", model_.options().run.recipe},
          {"step", model_.step()},
          {"vocabulary", model_.vocabulary().size() - 1}};
}

void CaptionArtist::Check(const serve::DrawRequest& request) const {
  if (!reader_.Knows(reader_.Read(request.caption)))
    throw serve::RequestError(422, "unknown_words", "the system knows none of the caption's words");
}

recipes::Pictures CaptionArtist::Drawn(const std::vector<serve::DrawRequest>& requests,
                                       const std::vector<ReadSentence>& captions) {
  std::vector<ReadSentence> rows;
  recipes::DrawingRows noise;
  for (size_t i = 0; i < requests.size(); ++i)
    for (int64_t row = 0; row < requests[i].pictures; ++row) {
      rows.push_back(captions[i]);
      noise.push_back({requests[i].seed, row});
    }
  return eval::OnHost(DrawerOf(model_).Draw(reader_.PromptOf(rows), noise));
}

// What the requests themselves are at fault for is their answer; a device that is broken ends the process.
recipes::Pictures CaptionArtist::DrawnOrRefused(const std::vector<serve::DrawRequest>& requests,
                                                const std::vector<ReadSentence>& captions) {
  try {
    return Drawn(requests, captions);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kUser) throw;
    throw serve::RequestError(422, "cannot_draw", error.what());
  } catch (const c10::AcceleratorError& error) {
    if (cluster::IsOutOfMemory(error)) throw;  // this request was too large
    // A broken device answers nobody any more; who watches this process starts it again.
    cluster::EndWithBrokenDevice(error);
  }
}

std::vector<Json> CaptionArtist::Draw(const std::vector<serve::DrawRequest>& requests) {
  LogTorchWarningsOnce();  // in the queue's thread
  std::vector<ReadSentence> captions;
  for (const auto& request : requests) captions.push_back(reader_.Read(request.caption));
  const auto pictures = DrawnOrRefused(requests, captions);
  std::vector<Json> answers;
  int64_t row = 0;
  for (size_t i = 0; i < requests.size(); ++i) {
    answers.push_back(AnswerOf(pictures, row, requests[i], captions[i]));
    row += requests[i].pictures;
  }
  return answers;
}

}  // namespace helio::app
