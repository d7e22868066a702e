#include "src/nn/product.h"

#include <ATen/Context.h>

#include <atomic>
#include <cstdlib>
#include <string_view>

#include "src/nn/compiler_operators.h"

namespace helio::nn {
namespace {

constexpr int64_t kFewSteps = 1 << 17;  // M N K: below, a call costs more than the product

ProductLibrary ForThisProcessor() {
  return HasWideVectors() ? ProductLibrary::kOneDnn : ProductLibrary::kBlas;
}

std::atomic<ProductLibrary>& Chosen() {
  static std::atomic<ProductLibrary> chosen = ForThisProcessor();
  return chosen;
}

bool IsByOneDnn(const torch::Tensor& a, const torch::Tensor& b) {
  return ChosenProductLibrary() == ProductLibrary::kOneDnn && !torch::GradMode::is_enabled() && a.is_cpu() &&
         b.is_cpu() && a.scalar_type() == torch::kFloat32 && b.scalar_type() == torch::kFloat32 &&
         a.numel() * b.size(1) >= kFewSteps && at::globalContext().userEnabledMkldnn();
}

// input weight^T.
torch::Tensor LinearByOneDnn(const torch::Tensor& input, const torch::Tensor& weight) {
  static const auto call = CompilerOperator<torch::Tensor(
      const torch::Tensor&, const torch::Tensor&, const std::optional<torch::Tensor>&, std::string_view,
      OperatorScalars, std::optional<std::string_view>)>("mkldnn::_linear_pointwise");
  return call.call(input, weight, std::nullopt, "none", OperatorScalars(), "");
}

}  // namespace

bool HasWideVectors() {
  const char* set = std::getenv("ONEDNN_MAX_CPU_ISA");
  const std::string_view most = set ? set : "";
  return __builtin_cpu_supports("avx512f") && most != "SSE41" && most != "AVX" && !most.starts_with("AVX2");
}

ProductLibrary ChosenProductLibrary() { return Chosen(); }
void ChooseProductLibrary(ProductLibrary library) { Chosen() = library; }

torch::Tensor Product(const torch::Tensor& a, const torch::Tensor& b) {
  return IsByOneDnn(a, b) ? LinearByOneDnn(a, b.t()) : torch::mm(a, b);
}

}  // namespace helio::nn
