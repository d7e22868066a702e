#pragma once
#include "src/app/prompt_reader.h"
#include "src/serve/service.h"

namespace helio::app {

// helio-serve's artist: a trained system that draws captions. The model outlives it.
class CaptionArtist : public serve::Artist {
 public:
  // Draws one picture as a trial: throws Error{kUser} where the system draws no captions, or must be told
  // more than a caption. `encoder`: as PromptReader has it.
  CaptionArtist(TrainedModel& model, const std::string& encoder);

  Json About() const override;
  void Check(const serve::DrawRequest& request) const override;
  std::vector<Json> Draw(const std::vector<serve::DrawRequest>& requests) override;

 private:
  recipes::Pictures Drawn(const std::vector<serve::DrawRequest>& requests,
                          const std::vector<ReadSentence>& captions);
  recipes::Pictures DrawnOrRefused(const std::vector<serve::DrawRequest>& requests,
                                   const std::vector<ReadSentence>& captions);

  TrainedModel& model_;
  const PromptReader reader_;
};

}  // namespace helio::app
