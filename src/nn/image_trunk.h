#pragma once
#include <memory>
#include <string>

#include "src/nn/batch_norm.h"
#include "src/nn/module.h"

namespace helio::nn {

struct ImageFeatures {
  torch::Tensor regions;  // {B, region_channels, h, w}
  torch::Tensor pooled;   // {B, pooled_channels}
};

// How a judging network with this trunk sees pictures, in the words of a score's protocol (docs/scores.md).
struct JudgeProtocol {
  std::string name;      // "tf-compat" or another's: whose scores these compare with; empty: no one's
  std::string resizing;  // "resized to 299 (bilinear)"
  bool biased = true;    // class probabilities are of logits with the last layer's bias
};

// A convolutional trunk that sees pictures {B, 3, s, s} in [-1, 1] of any side (it resizes by itself,
// bilinearly, align_corners off).
class ImageTrunk : public torch::nn::Module {
 public:
  virtual ImageFeatures forward(const torch::Tensor& images) = 0;
  virtual int64_t region_channels() const = 0;
  virtual int64_t pooled_channels() const = 0;
  virtual int64_t side() const { return 0; }        // that pictures are resized to; 0: they are not
  virtual int64_t least_side() const { return 1; }  // of pictures that it can see
  virtual JudgeProtocol protocol() const;
};

// inception_v3 (299 px; regions 768 x 17 x 17, pooled 2048), inception_v3_tf and inception_v3_fid (the same
// shapes), resnet152 (224 px; 2048 x 7 x 7, 2048) or small (a toy: no resizing, regions 128 x s/8 x s/8,
// pooled 128). Throws Error{kUser} naming `flag` and the known trunks.
std::shared_ptr<ImageTrunk> MakeImageTrunk(const std::string& name, const std::string& flag);

// Makes a trunk known under one more name. Before networks are built from it; not thread-safe.
using TrunkFactory = std::shared_ptr<ImageTrunk> (*)();
void RegisterImageTrunk(const std::string& name, TrunkFactory make);

// Registers the trunk's children in `owner` itself, so that they have the names that the published code gives
// them.
void AdoptChildren(torch::nn::Module& owner, const ImageTrunk& trunk);

}  // namespace helio::nn
