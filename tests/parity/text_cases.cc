#include "src/losses/caption.h"
#include "src/losses/kl.h"
#include "src/nn/captioner.h"
#include "src/nn/conditioning_augmentation.h"
#include "src/nn/text_encoder.h"
#include "tests/parity/cases.h"
#include "tests/parity/nets.h"

namespace helio::parity {

void ReplayTextEncoder(Fixture& fixture) {
  auto encoder = MakeTextEncoder(fixture);
  fixture.Load(*encoder);
  encoder->eval();
  for (const auto& layer : encoder->modules())  // cuDNN does not differentiate them in evaluation mode
    if (layer->as<torch::nn::LSTMImpl>() || layer->as<torch::nn::GRUImpl>()) layer->train();
  const auto captions = fixture.Get("in.captions"), lengths = fixture.Get("in.cap_lens");
  const int64_t words = lengths.max().item<int64_t>();
  const auto features = encoder(captions, lengths);
  const auto states = features.words.narrow(2, 0, words);
  fixture.Give("out.words_emb", states);
  fixture.Give("out.sent_emb", features.sentence);
  fixture.Give("out.mask",
               losses::PaddingOf(lengths, captions.size(1)).narrow(1, 0, words).to(torch::kUInt8));
  (fixture.Pull("words_emb", states) + fixture.Pull("sent_emb", features.sentence)).backward();
  fixture.GiveGradients(*encoder);
}

void ReplayConditioningAugmentation(Fixture& fixture) {
  nn::ConditioningAugmentation net(fixture.Hyper("EMB"), fixture.Hyper("COND"));
  fixture.Load(*net);
  const auto sentence = fixture.Leaf("in.sent_emb"), noise = fixture.Leaf("in.eps");
  const auto condition = net(sentence, noise);
  WholeBatch batch(sentence.size(0));
  const auto kl = losses::KlLoss(condition.mean, condition.logvar, batch.scope());
  fixture.Give("out.c_code", condition.code);
  fixture.Give("out.mu", condition.mean);
  fixture.Give("out.logvar", condition.logvar);
  fixture.Give("out.kl_loss", kl);
  fixture.Pull("c_code", condition.code).backward({}, /*retain_graph=*/true);
  fixture.Give("grad.in.sent_emb", sentence.grad());
  fixture.Give("grad.in.eps", noise.grad());
  fixture.GiveGradients(*net);
  net->zero_grad();
  sentence.mutable_grad().reset();
  kl.backward();
  fixture.Give("grad.kl.in.sent_emb", sentence.grad());
  fixture.GiveGradients(*net, "kl.");
}

namespace {

// Rows of {B, words, ...} in the order of torch's packing: the first words of all captions, the second ones
// ...
torch::Tensor PackWords(const torch::Tensor& padded, const torch::Tensor& lengths) {
  return torch::nn::utils::rnn::pack_padded_sequence(padded, lengths.cpu(), /*batch_first=*/true).data();
}

}  // namespace

void ReplayCaptionLoss(Fixture& fixture) {
  auto decoder = MakeCaptionDecoder(fixture);
  fixture.Load(*decoder);
  const auto features = fixture.Leaf("in.features");
  const auto captions = fixture.Get("in.captions"), lengths = fixture.Get("in.cap_lens");
  const auto logits = decoder(features, captions);
  WholeBatch batch(captions.size(0));
  const auto loss = losses::CaptionLoss(logits, captions, lengths, batch.scope());
  fixture.Give("out.loss", loss);
  fixture.Give("out.logits_packed", PackWords(logits, lengths));
  fixture.Give("out.target_packed", PackWords(captions, lengths));
  fixture.Give("out.batch_sizes",
               losses::PaddingOf(lengths, lengths.max().item<int64_t>()).logical_not().sum(0));
  fixture.Give("out.sample_ids", decoder->Sample(features, fixture.Hyper("max_seq_length")));
  loss.backward();
  fixture.Give("grad.in.features", features.grad());
  fixture.GiveGradients(*decoder);
}

}  // namespace helio::parity
