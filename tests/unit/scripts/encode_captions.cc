// encode_captions WEIGHTS INPUT OUTPUT: what our text encoder makes of captions with converted weights, for
// convert_weights_test.py. INPUT has captions {B, words} and lengths {B}; OUTPUT gets words and sentence.
#include "src/base/error.h"
#include "src/base/safetensors.h"
#include "src/nn/freeze.h"
#include "src/nn/text_encoder.h"

namespace helio {
namespace {

torch::Tensor Get(const SafeTensors& file, const std::string& name) {
  const auto* found = file.Find(name);
  if (!found) ThrowUser("lacks '" + name + "'", "encode_captions");
  return *found;
}

nn::TextEncoder EncoderOf(const SafeTensors& weights) {
  const auto words = Get(weights, "encoder.weight"), recurrent = Get(weights, "rnn.weight_hh_l0");
  const int64_t gates = recurrent.size(0) / recurrent.size(1);
  nn::TextEncoder encoder(nn::TextEncoderOptions{.vocabulary = words.size(0),
                                                 .word_vector = words.size(1),
                                                 .embedding = 2 * recurrent.size(1),
                                                 .rnn = gates == 4 ? nn::TextRnn::kLstm : nn::TextRnn::kGru});
  CopyState(weights.tensors, StateOf(*encoder), "encode_captions");
  nn::Freeze(*encoder);
  return encoder;
}

void Encode(const char* weights, const char* input, const char* output) {
  const auto batch = ReadSafeTensors(input);
  auto encoder = EncoderOf(ReadSafeTensors(weights));
  const auto features = encoder->forward(Get(batch, "captions"), Get(batch, "lengths"));
  WriteSafeTensors(output, {{"words", features.words}, {"sentence", features.sentence}});
}

}  // namespace
}  // namespace helio

int main(int count, char** arguments) {
  if (count != 4) return 2;
  try {
    helio::Encode(arguments[1], arguments[2], arguments[3]);
  } catch (const helio::Error& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
  return 0;
}
