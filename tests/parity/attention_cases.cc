#include "src/nn/attention.h"
#include "tests/parity/cases.h"
#include "tests/parity/nets.h"

namespace helio::parity {
namespace {

struct Variant {
  const char* tag;
  nn::WordMask mask;
};

std::vector<Variant> MaskVariants(const Fixture& fixture) {
  const auto padding = fixture.Mask("in.mask");
  return {{"nomask.", {}}, {"mask.", ReleasedMask(padding)}, {"persample_mask.", {padding, {}, {}}}};
}

}  // namespace

void ReplayWordAttention(Fixture& fixture) {
  nn::WordAttention attention(2 * fixture.Hyper("GF"), fixture.Hyper("EMB"));
  fixture.Load(*attention);
  for (const auto& [tag_text, mask] : MaskVariants(fixture)) {
    const std::string tag = tag_text;
    const auto input = fixture.Leaf("in.input"), words = fixture.Leaf("in.context");
    attention->zero_grad();
    const auto out = attention(input, words, mask);
    fixture.Give("out." + tag + "weightedContext", out.context);
    fixture.Give("out." + tag + "attn", out.attention);
    (fixture.Pull("weightedContext", out.context) + fixture.Pull("attn", out.attention)).backward();
    fixture.Give("grad." + tag + "in.input", input.grad());
    fixture.Give("grad." + tag + "in.context", words.grad());
    fixture.GiveGradients(*attention, tag);
  }
}

void ReplayGlobalLocalAttention(Fixture& fixture) {
  nn::GlobalLocalAttention attention(2 * fixture.Hyper("GF"), fixture.Hyper("EMB"),
                                     fixture.State("linear.weight").size(1));
  fixture.Load(*attention);
  for (const auto& [tag_text, mask] : MaskVariants(fixture)) {
    const std::string tag = tag_text;
    const auto input = fixture.Leaf("in.input"), words = fixture.Leaf("in.context");
    const auto sentence = fixture.Leaf("in.sentence");
    attention->zero_grad();
    const auto out = attention(input, sentence, words, mask);
    auto pulled = torch::zeros({}, input.options());
    const auto give = [&](const char* name, const torch::Tensor& value) {
      fixture.Give("out." + tag + name, value);
      pulled = pulled + fixture.Pull(name, value);
    };
    give("weightedContext", out.words.context);
    give("weightedSentence", out.sentence);
    give("word_attn", out.words.attention);
    give("sent_att", out.sentence_attention);
    pulled.backward();
    fixture.Give("grad." + tag + "in.input", input.grad());
    fixture.Give("grad." + tag + "in.context", words.grad());
    fixture.Give("grad." + tag + "in.sentence", sentence.grad());
    fixture.GiveGradients(*attention, tag);
  }
}

}  // namespace helio::parity
