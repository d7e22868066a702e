#include "src/nn/critic.h"

namespace helio::nn {

torch::Tensor ForwardParts(torch::nn::Sequential& block, torch::Tensor input, at::IntArrayRef rows) {
  for (auto& layer : *block) {
    auto* norm = layer.ptr()->as<BatchNormImpl>();
    input = norm ? norm->ForwardParts(input, rows) : layer.any_forward(input).get<torch::Tensor>();
  }
  return input;
}

std::vector<int64_t> RowsOf(const std::vector<torch::Tensor>& batches) {
  std::vector<int64_t> rows;
  for (const auto& batch : batches) rows.push_back(batch.size(0));
  return rows;
}

std::vector<torch::Tensor> ForwardApart(std::vector<torch::nn::Sequential>& trunk,
                                        const std::vector<torch::Tensor>& images) {
  const auto rows = RowsOf(images);
  auto features = torch::cat(images).contiguous(images[0].suggest_memory_format());
  for (auto& block : trunk) features = ForwardParts(block, features, rows);
  return features.split_with_sizes(rows);
}

Conv2d ToLogit(int64_t df) { return Conv2d(torch::nn::Conv2dOptions(8 * df, 1, 4).stride(4)); }

torch::Tensor Tiled(const torch::Tensor& condition, const torch::Tensor& like) {
  return condition.unsqueeze(-1).unsqueeze(-1).expand({-1, -1, like.size(2), like.size(3)});
}

}  // namespace helio::nn
