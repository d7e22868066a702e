#include "src/nn/generator.h"
#include "tests/parity/cases.h"
#include "tests/parity/nets.h"

namespace helio::parity {
namespace {

nn::Generator GeneratorOf(const Fixture& fixture) {
  const auto name = fixture.Metadata("case");
  const bool mirror = name.find("mirror") != std::string::npos;
  return MakeGenerator(fixture, mirror ? nn::AttentionKind::kWordsAndGlobal : nn::AttentionKind::kWords,
                       name.find("dcgan") != std::string::npos);
}

nn::GeneratorInput InputOf(const Fixture& fixture) {
  return {.noise = fixture.Leaf("in.noise"),
          .condition_noise = fixture.Get("in.eps"),
          .sentence = fixture.Leaf("in.sent_emb"),
          .words = fixture.Leaf("in.words_embs"),
          .mask = ReleasedMask(fixture.Mask("in.mask"))};
}

void ReplayTraining(Fixture& fixture, nn::Generator& generator) {
  fixture.Load(*generator);
  generator->train();
  const auto input = InputOf(fixture);
  const auto output = generator(input);
  auto pulled = fixture.Pull("mu", output.mean) + fixture.Pull("logvar", output.logvar);
  for (size_t i = 0; i < output.images.size(); ++i) {
    fixture.Give("out.train.fake_img" + std::to_string(i), output.images[i]);
    pulled = pulled + fixture.Pull("fake_img" + std::to_string(i), output.images[i]);
  }
  for (size_t i = 0; i < output.attention.size(); ++i)
    fixture.Give("out.train.att" + std::to_string(i), output.attention[i]);
  fixture.Give("out.train.mu", output.mean);
  fixture.Give("out.train.logvar", output.logvar);
  fixture.Give("out.train.scalar", pulled);
  pulled.backward();
  fixture.Give("grad.in.noise", input.noise.grad());
  fixture.Give("grad.in.sent_emb", input.sentence.grad());
  fixture.Give("grad.in.words_embs", input.words.grad());
  fixture.GiveGradients(*generator);
  fixture.GiveBuffers(*generator, "train.");
}

void ReplayDrawing(Fixture& fixture, nn::Generator& generator, const std::string& tag, nn::WordMask mask) {
  const torch::NoGradGuard no_grad;
  auto input = InputOf(fixture);
  input.mask = std::move(mask);
  const auto images = generator(input).images;
  for (size_t i = 0; i < images.size(); ++i)
    fixture.Give("out." + tag + "fake_img" + std::to_string(i), images[i]);
}

}  // namespace

void ReplayGenerator(Fixture& fixture) {
  auto generator = GeneratorOf(fixture);
  ReplayTraining(fixture, generator);
  fixture.Load(*generator);
  generator->eval();
  const auto padding = fixture.Mask("in.mask");
  ReplayDrawing(fixture, generator, "eval.", ReleasedMask(padding));
  ReplayDrawing(fixture, generator, "eval_persample_mask.", {padding, {}, {}});
}

}  // namespace helio::parity
