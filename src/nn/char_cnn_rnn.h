#pragma once
#include <vector>

#include "src/base/named_tensors.h"
#include "src/nn/linear.h"
#include "src/nn/module.h"

// The char-CNN-RNN text encoder (Reed et al., CVPR 2016) as reedscot/cvpr2016 and icml2016 publish it. Torch7
// gives layers no names: these are ours.
namespace helio::nn {

// The recurrence over the steps that the convolutions leave; its result is the mean of its states.
enum class CharRecurrence {
  kGru18,  // two poolings, 18 steps, gated: the encoder of birds and COCO
  kRelu8,  // three poolings, 8 steps, h = relu(W x + U h): the CVPR program's, the encoder of flowers
};

struct CharCnnRnnOptions {
  int64_t conv1 = 384, conv2 = 512, conv3 = 512;  // channels; conv3 is also the recurrent state's size
  int64_t embedding = 1024;
  CharRecurrence recurrence = CharRecurrence::kGru18;

  // The options of the encoder that has these trained weights, under names without a prefix. Throws
  // Error{kData} naming `where` unless they are an encoder's.
  static CharCnnRnnOptions Of(const NamedTensors& weights, const std::string& where);
};

// Mean of the states of a recurrent layer of `size` inputs and as many states.
class MeanOfStatesImpl : public torch::nn::Module {
 public:
  MeanOfStatesImpl(int64_t size, CharRecurrence recurrence);
  // {T, B, size} -> {B, size}.
  torch::Tensor forward(const torch::Tensor& steps);

 private:
  torch::Tensor Gated(const torch::Tensor& steps);
  torch::Tensor Rectified(const torch::Tensor& steps);

  Linear i2h{nullptr}, h2h{nullptr};
  Linear i2h_update{nullptr}, i2h_reset{nullptr}, h2h_update{nullptr}, h2h_reset{nullptr};  // GRU
};
TORCH_MODULE(MeanOfStates);

class CharCnnRnnImpl : public torch::nn::Module {
 public:
  explicit CharCnnRnnImpl(const CharCnnRnnOptions& options);
  // characters {B, 201} int64 (CharacterNumbers of src/base/characters.h; 0: none or unknown) -> {B,
  // embedding}, neither normalised nor bounded.
  torch::Tensor forward(const torch::Tensor& characters);
  const CharCnnRnnOptions& options() const { return options_; }

 private:
  const CharCnnRnnOptions options_;
  torch::nn::Conv1d conv1{nullptr}, conv2{nullptr}, conv3{nullptr};
  MeanOfStates rnn{nullptr};
  Linear out{nullptr};
};
TORCH_MODULE(CharCnnRnn);

}  // namespace helio::nn
