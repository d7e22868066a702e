#include "src/losses/damsm.h"
#include "tests/parity/cases.h"
#include "tests/parity/nets.h"

namespace helio::parity {
namespace {

// Ours attends every caption to every image; the published function pairs them off.
torch::Tensor Pairs(const torch::Tensor& all) { return all.diagonal(0, 0, 1).movedim(-1, 0); }

torch::Tensor ClassesOf(const Fixture& fixture, const std::string& tag) {
  return tag == "mask." ? fixture.Get("in.class_ids") : torch::Tensor();
}

void GiveLosses(Fixture& fixture, const std::string& tag, const torch::Tensor& both) {
  fixture.Give("out." + tag + "loss0", both[0]);
  fixture.Give("out." + tag + "loss1", both[1]);
  fixture.Pull("losses", both).backward();
}

// Each caption's attention on its own image, its words only: {1, words, h, w}.
void GiveAttentionMaps(Fixture& fixture, const torch::Tensor& regions, const torch::Tensor& words,
                       const torch::Tensor& lengths, double gamma1) {
  const auto padding = losses::PaddingOf(lengths, words.size(2));
  const auto own = Pairs(losses::AttendRegions(regions, words, padding, gamma1).attention);
  for (int64_t i = 0; i < own.size(0); ++i) {
    const auto map = own[i].narrow(0, 0, lengths[i].item<int64_t>());
    fixture.Give("out.att_map" + std::to_string(i),
                 map.view({1, map.size(0), regions.size(2), regions.size(3)}));
  }
}

}  // namespace

void ReplayRegionAttention(Fixture& fixture) {
  const auto words = fixture.Leaf("in.query"), regions = fixture.Leaf("in.context");
  const auto nothing =
      torch::zeros({words.size(0), words.size(2)}, words.options().dtype(torch::kBool).requires_grad(false));
  const auto all = losses::AttendRegions(regions, words, nothing, DamsmOptionsOf(fixture).gamma1);
  const auto context = Pairs(all.context).transpose(1, 2);
  const auto attention =
      Pairs(all.attention).reshape({words.size(0), words.size(2), regions.size(2), regions.size(3)});
  fixture.Give("out.weightedContext", context);
  fixture.Give("out.attn", attention);
  (fixture.Pull("weightedContext", context) + fixture.Pull("attn", attention)).backward();
  fixture.Give("grad.in.query", words.grad());
  fixture.Give("grad.in.context", regions.grad());
}

void ReplayWordsLoss(Fixture& fixture) {
  const auto options = DamsmOptionsOf(fixture);
  const auto lengths = fixture.Get("in.cap_lens");
  WholeBatch batch(lengths.size(0));
  for (const std::string tag : {"mask.", "nomask."}) {
    const auto regions = fixture.Leaf("in.img_features"), words = fixture.Leaf("in.words_emb");
    const auto classes = ClassesOf(fixture, tag);
    GiveLosses(fixture, tag, losses::WordsLoss(regions, words, lengths, classes, options, batch.scope()));
    fixture.Give("grad." + tag + "in.img_features", regions.grad());
    fixture.Give("grad." + tag + "in.words_emb", words.grad());
    if (tag == "mask.") GiveAttentionMaps(fixture, regions, words, lengths, options.gamma1);
  }
}

void ReplaySentenceLoss(Fixture& fixture) {
  for (const std::string tag : {"mask.", "nomask."}) {
    const auto code = fixture.Leaf("in.cnn_code"), sentence = fixture.Leaf("in.rnn_code");
    WholeBatch batch(code.size(0));
    GiveLosses(fixture, tag,
               losses::SentenceLoss(code, sentence, ClassesOf(fixture, tag), DamsmOptionsOf(fixture).gamma3,
                                    batch.scope()));
    fixture.Give("grad." + tag + "in.cnn_code", code.grad());
    fixture.Give("grad." + tag + "in.rnn_code", sentence.grad());
  }
}

}  // namespace helio::parity
