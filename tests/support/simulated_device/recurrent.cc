// Recurrent layers on the simulated device.
#include "recurrent.h"

#include <ATen/ATen.h>
#include <ATen/ops/gru_native.h>
#include <ATen/ops/lstm_native.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

namespace {

using at::Tensor;
using at::TensorList;
using OptionalTensor = std::optional<Tensor>;

// The LSTM's cell: hy, cy and the gates, what backward needs.
std::tuple<Tensor, Tensor, Tensor> Cell(const Tensor& ig, const Tensor& hg, const Tensor& cx,
                                        const OptionalTensor& bi, const OptionalTensor& bh) {
  auto g = ig + hg;
  if (bi && bi->defined()) g = g + *bi + *bh;
  auto c = g.chunk(4, 1);
  auto i = c[0].sigmoid(), f = c[1].sigmoid(), z = c[2].tanh(), o = c[3].sigmoid();
  auto cy = f * cx + i * z;
  return {o * cy.tanh(), cy, at::cat({i, f, z, o}, 1)};
}
std::tuple<Tensor, Tensor, Tensor> CellBackward(const OptionalTensor& gh, const OptionalTensor& gc,
                                                const Tensor& cx, const Tensor& cy, const Tensor& w,
                                                bool bias) {
  auto c = w.chunk(4, 1);
  auto t = cy.tanh();
  auto hy = gh && gh->defined() ? *gh : at::zeros_like(cy);
  auto d = hy * c[3] * (1 - t * t);
  if (gc && gc->defined()) d = d + *gc;
  auto gates = at::cat({d * c[2] * c[0] * (1 - c[0]), d * cx * c[1] * (1 - c[1]),
                        d * c[0] * (1 - c[2] * c[2]), hy * t * c[3] * (1 - c[3])},
                       1);
  return {gates, d * c[1], bias ? gates.sum(0) : Tensor()};
}
// The GRU's: hy and {r, z, n, hx, hidden part of n}, what backward needs.
std::tuple<Tensor, Tensor> GruCell(const Tensor& ig, const Tensor& hg, const Tensor& hx,
                                   const OptionalTensor& bi, const OptionalTensor& bh) {
  const bool bias = bi && bi->defined();
  auto i = (bias ? ig + *bi : ig).chunk(3, 1), h = (bias ? hg + *bh : hg).chunk(3, 1);
  auto r = (i[0] + h[0]).sigmoid(), z = (i[1] + h[1]).sigmoid(), n = (i[2] + r * h[2]).tanh();
  return {n + z * (hx - n), at::cat({r, z, n, hx, h[2]}, 1)};
}
std::tuple<Tensor, Tensor, Tensor, Tensor, Tensor> GruCellBackward(const Tensor& g, const Tensor& w,
                                                                   bool bias) {
  auto c = w.chunk(5, 1);
  auto r = c[0], z = c[1], n = c[2], hx = c[3], hn = c[4];
  auto gn = g * (1 - z) * (1 - n * n), gz = g * (hx - n) * z * (1 - z), gr = gn * hn * r * (1 - r);
  auto gi = at::cat({gr, gz, gn}, 1), gh = at::cat({gr, gz, gn * r}, 1);
  return {gi, gh, g * z, bias ? gi.sum(0) : Tensor(), bias ? gh.sum(0) : Tensor()};
}

// cuDNN differentiates a recurrent layer in training mode only.
struct Refusal : torch::autograd::Function<Refusal> {
  static Tensor forward(torch::autograd::AutogradContext*, const Tensor& t) { return t.view_as(t); }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext*,
                                                 const torch::autograd::variable_list&) {
    TORCH_CHECK(false, "cudnn RNN backward can only be called in training mode");
  }
};
Tensor AsCudnn(const Tensor& result, bool train) { return train ? result : Refusal::apply(result); }

std::tuple<Tensor, Tensor, Tensor> Lstm(const Tensor& input, TensorList hx, TensorList weights, bool biases,
                                        int64_t layers, double dropout, bool train, bool both,
                                        bool batch_first) {
  auto [y, h, c] = at::native::lstm(input, hx, weights, biases, layers, dropout, train, both, batch_first);
  return {AsCudnn(y, train), AsCudnn(h, train), AsCudnn(c, train)};
}
std::tuple<Tensor, Tensor, Tensor> PackedLstm(const Tensor& data, const Tensor& sizes, TensorList hx,
                                              TensorList weights, bool biases, int64_t layers, double dropout,
                                              bool train, bool both) {
  auto [y, h, c] = at::native::lstm(data, sizes, hx, weights, biases, layers, dropout, train, both);
  return {AsCudnn(y, train), AsCudnn(h, train), AsCudnn(c, train)};
}
std::tuple<Tensor, Tensor> Gru(const Tensor& input, const Tensor& hx, TensorList weights, bool biases,
                               int64_t layers, double dropout, bool train, bool both, bool batch_first) {
  auto [y, h] = at::native::gru(input, hx, weights, biases, layers, dropout, train, both, batch_first);
  return {AsCudnn(y, train), AsCudnn(h, train)};
}
std::tuple<Tensor, Tensor> PackedGru(const Tensor& data, const Tensor& sizes, const Tensor& hx,
                                     TensorList weights, bool biases, int64_t layers, double dropout,
                                     bool train, bool both) {
  auto [y, h] = at::native::gru(data, sizes, hx, weights, biases, layers, dropout, train, both);
  return {AsCudnn(y, train), AsCudnn(h, train)};
}

}  // namespace

void sim::InstallRecurrent() {
  static auto* const cuda =
      new torch::Library(torch::Library::IMPL, "aten", c10::DispatchKey::CUDA, __FILE__, __LINE__);
  cuda->impl("_thnn_fused_lstm_cell", TORCH_FN(Cell));
  cuda->impl("_thnn_fused_lstm_cell_backward_impl", TORCH_FN(CellBackward));
  cuda->impl("_thnn_fused_gru_cell", TORCH_FN(GruCell));
  cuda->impl("_thnn_fused_gru_cell_backward", TORCH_FN(GruCellBackward));
  static auto* const graph =
      new torch::Library(torch::Library::IMPL, "aten", c10::DispatchKey::AutogradCUDA, __FILE__, __LINE__);
  graph->impl("lstm.input", TORCH_FN(Lstm));
  graph->impl("lstm.data", TORCH_FN(PackedLstm));
  graph->impl("gru.input", TORCH_FN(Gru));
  graph->impl("gru.data", TORCH_FN(PackedGru));
}
