#include "tests/parity/nets.h"

namespace helio::parity {

nn::TextEncoder MakeTextEncoder(const Fixture& fixture) {
  const auto name = fixture.Metadata("case");
  return nn::TextEncoder(
      nn::TextEncoderOptions{.vocabulary = fixture.Hyper("VOCAB"),
                             .word_vector = fixture.Hyper("NINPUT"),
                             .embedding = fixture.Hyper("EMB"),
                             .rnn = name == "rnn_encoder_gru" ? nn::TextRnn::kGru : nn::TextRnn::kLstm});
}

nn::CaptionDecoder MakeCaptionDecoder(const Fixture& fixture) {
  return nn::CaptionDecoder(fixture.Hyper("CAP_EMB"), 2 * fixture.Hyper("CAP_HID"), fixture.Hyper("VOCAB"));
}

nn::Generator MakeGenerator(const Fixture& fixture, nn::AttentionKind attention, bool only_last_image) {
  return nn::Generator(nn::GeneratorOptions{.gf = fixture.Hyper("GF"),
                                            .embedding = fixture.Hyper("EMB"),
                                            .condition = fixture.Hyper("CONDITION_DIM"),
                                            .z = fixture.Hyper("Z"),
                                            .residual_blocks = fixture.Hyper("R_NUM"),
                                            .stages = fixture.Hyper("branch"),
                                            .attention = attention,
                                            .only_last_image = only_last_image});
}

nn::Discriminator MakeDiscriminator(const Fixture& fixture, int64_t side, bool unconditional) {
  return nn::Discriminator(nn::DiscriminatorOptions{.df = fixture.Hyper("DF"),
                                                    .embedding = fixture.Hyper("EMB"),
                                                    .side = side,
                                                    .unconditional = unconditional});
}

losses::DamsmOptions DamsmOptionsOf(const Fixture& fixture) {
  const auto gammas = fixture.Hyper<std::vector<double>>("G123");
  return {gammas.at(0), gammas.at(1), gammas.at(2)};
}

nn::WordMask ReleasedMask(const torch::Tensor& padding) {
  return {.padding = {}, .tiled = padding, .rows = {0, padding.size(0), padding.size(0)}};
}

}  // namespace helio::parity
