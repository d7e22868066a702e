#include "tests/parity/cases.h"
#include "tests/parity/judges.h"

namespace helio::parity {

void ReplayGeneratorLoss(Fixture& fixture) {
  auto judges = Judges::Of(fixture);
  std::vector<torch::Tensor> images;
  for (size_t i = 0; i < judges.discriminators.size(); ++i)
    images.push_back(fixture.ImageLeaf("fake" + std::to_string(i)));
  const Texts texts = {.captions = fixture.Get("in.captions"),
                       .lengths = fixture.Get("in.cap_lens"),
                       .classes = fixture.Get("in.class_ids"),
                       .words = fixture.Get("in.words_embs"),
                       .sentence = fixture.Get("in.sent_emb")};
  const auto total = GiveTerms(fixture, GeneratorTerms(fixture, judges, images, texts), "out.");
  fixture.Give("out.errG_total", total);
  total.backward();
  for (size_t i = 0; i < images.size(); ++i) {
    fixture.Give("grad.in.fake" + std::to_string(i), images[i].grad());
    fixture.GiveBuffers(*judges.discriminators[i], "", "netD" + std::to_string(i) + ".");
  }
}

}  // namespace helio::parity
