// Real arithmetic on the simulated device: its memory is the host's, so every CUDA kernel of aten that also
// exists for the CPU is replaced by one that runs the CPU kernel on aliases of the same memory.
#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/library.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>
namespace {
using c10::IValue;
at::Tensor Alias(const at::Tensor& t) {
  auto options = t.options().device(at::kCPU);
  if (t.numel() == 0) return at::empty_strided(t.sizes(), t.strides(), options);
  return at::from_blob(t.data_ptr(), t.sizes(), t.strides(), options);
}
struct Map {
  std::unordered_map<const c10::TensorImpl*, at::Tensor> original;
  c10::Device device{at::kCUDA, 0};
  at::Tensor In(const at::Tensor& t) {
    if (!t.defined() || !t.is_cuda()) return t;
    auto a = Alias(t);
    device = t.device();
    original[a.unsafeGetTensorImpl()] = t;
    return a;
  }
  at::Tensor Out(const at::Tensor& t) {
    if (!t.defined() || t.is_cuda()) return t;
    if (auto f = original.find(t.unsafeGetTensorImpl()); f != original.end()) {
      auto& o = f->second;
      if (!o.sizes().equals(t.sizes())) {  // an out= argument that the kernel has sized
        o.resize_(t.sizes());
        if (t.numel()) std::memcpy(o.data_ptr(), t.contiguous().data_ptr(), o.nbytes());
      }
      return o;
    }
    auto o = at::empty_strided(t.sizes(), t.strides(), t.options().device(device));
    if (t.numel())
      std::memcpy(o.data_ptr(), t.data_ptr(),
                  t.storage().nbytes() - t.storage_offset() * t.itemsize() < o.storage().nbytes()
                      ? t.storage().nbytes() - t.storage_offset() * t.itemsize()
                      : o.storage().nbytes());
    return o;
  }
  IValue Convert(const IValue& v, bool in) {
    if (v.isTensor()) return in ? In(v.toTensor()) : Out(v.toTensor());
    if (v.isTensorList()) {
      c10::List<at::Tensor> l;
      for (const at::Tensor& t : v.toTensorVector()) l.push_back(in ? In(t) : Out(t));
      return l;
    }
    if (v.isOptionalTensorList()) {
      c10::List<std::optional<at::Tensor>> l;
      for (const std::optional<at::Tensor>& t : v.toOptionalTensorList())
        l.push_back(t ? std::optional<at::Tensor>(in ? In(*t) : Out(*t)) : t);
      return l;
    }
    if (v.isDevice() && in && v.toDevice().is_cuda()) return c10::Device(at::kCPU);
    return v;
  }
};
extern "C" int cudaStreamSynchronize(void*);

// As on a device: a host tensor among device tensors is an error, unless it is a number or an index.
void CheckDevices(const c10::OperatorHandle& op, const torch::jit::Stack& stack, size_t n) {
  const auto& name = op.schema().name();
  if (name == "aten::copy_" || name.rfind("aten::index", 0) == 0 || name.rfind("aten::_index_put", 0) == 0)
    return;
  bool host = false, device = false;
  auto see = [&](const at::Tensor& t) {
    if (!t.defined()) return;
    if (t.is_cuda())
      device = true;
    else if (t.dim() > 0)
      host = true;
  };
  for (size_t i = stack.size() - n; i < stack.size(); ++i) {
    if (stack[i].isTensor()) see(stack[i].toTensor());
    if (stack[i].isTensorList())
      for (const at::Tensor& t : stack[i].toTensorVector()) see(t);
  }
  TORCH_CHECK(!(host && device),
              "Expected all tensors to be on the same device, but found at least two devices, cuda and cpu (",
              name, ")");
}

void Redirect(const c10::OperatorHandle& op, c10::DispatchKeySet, torch::jit::Stack* stack) {
  const size_t n = op.schema().arguments().size();
  CheckDevices(op, *stack, n);
  if (op.schema().name() == "aten::copy_") {
    const auto& to = (*stack)[stack->size() - n].toTensor();
    if (!to.is_cuda()) cudaStreamSynchronize(nullptr);  // the host reads: it waits
  }
  Map map;
  torch::jit::Stack inner;
  for (size_t i = stack->size() - n; i < stack->size(); ++i) inner.push_back(map.Convert((*stack)[i], true));
  stack->resize(stack->size() - n);
  op.callBoxed(&inner);
  for (auto& v : inner) stack->push_back(map.Convert(v, false));
}
// Fused cells of LSTM and GRU exist for CUDA only. The LSTM's:
std::tuple<at::Tensor, at::Tensor, at::Tensor> Cell(const at::Tensor& ig, const at::Tensor& hg,
                                                    const at::Tensor& cx, const std::optional<at::Tensor>& bi,
                                                    const std::optional<at::Tensor>& bh) {
  auto g = ig + hg;
  if (bi && bi->defined()) g = g + *bi + *bh;
  auto c = g.chunk(4, 1);
  auto i = c[0].sigmoid(), f = c[1].sigmoid(), z = c[2].tanh(), o = c[3].sigmoid();
  auto cy = f * cx + i * z;
  return {o * cy.tanh(), cy, at::cat({i, f, z, o}, 1)};
}
std::tuple<at::Tensor, at::Tensor, at::Tensor> CellBackward(const std::optional<at::Tensor>& gh,
                                                            const std::optional<at::Tensor>& gc,
                                                            const at::Tensor& cx, const at::Tensor& cy,
                                                            const at::Tensor& w, bool bias) {
  auto c = w.chunk(4, 1);
  auto t = cy.tanh();
  auto hy = gh && gh->defined() ? *gh : at::zeros_like(cy);
  auto d = hy * c[3] * (1 - t * t);
  if (gc && gc->defined()) d = d + *gc;
  auto gates = at::cat({d * c[2] * c[0] * (1 - c[0]), d * cx * c[1] * (1 - c[1]),
                        d * c[0] * (1 - c[2] * c[2]), hy * t * c[3] * (1 - c[3])},
                       1);
  return {gates, d * c[1], bias ? gates.sum(0) : at::Tensor()};
}
// The GRU's: hy and {r, z, n, hx, hidden part of n}, what backward needs.
std::tuple<at::Tensor, at::Tensor> GruCell(const at::Tensor& ig, const at::Tensor& hg, const at::Tensor& hx,
                                           const std::optional<at::Tensor>& bi,
                                           const std::optional<at::Tensor>& bh) {
  const bool bias = bi && bi->defined();
  auto i = (bias ? ig + *bi : ig).chunk(3, 1), h = (bias ? hg + *bh : hg).chunk(3, 1);
  auto r = (i[0] + h[0]).sigmoid(), z = (i[1] + h[1]).sigmoid(), n = (i[2] + r * h[2]).tanh();
  return {n + z * (hx - n), at::cat({r, z, n, hx, h[2]}, 1)};
}
std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor, at::Tensor> GruCellBackward(const at::Tensor& g,
                                                                                       const at::Tensor& w,
                                                                                       bool bias) {
  auto c = w.chunk(5, 1);
  auto r = c[0], z = c[1], n = c[2], hx = c[3], hn = c[4];
  auto gn = g * (1 - z) * (1 - n * n), gz = g * (hx - n) * z * (1 - z), gr = gn * hn * r * (1 - r);
  auto gi = at::cat({gr, gz, gn}, 1), gh = at::cat({gr, gz, gn * r}, 1);
  return {gi, gh, g * z, bias ? gi.sum(0) : at::Tensor(), bias ? gh.sum(0) : at::Tensor()};
}

torch::Library* library;

// Operators that memory itself answers, or that have a kernel of their own below.
bool StaysAsItIs(const std::string& name) {
  static const std::set<std::string> kKeep = {"as_strided",
                                              "view",
                                              "_reshape_alias",
                                              "unfold",
                                              "set_",
                                              "resize_",
                                              "view_as_real",
                                              "view_as_complex",
                                              "_local_scalar_dense",
                                              "record_stream",
                                              "is_pinned",
                                              "_pin_memory",
                                              "empty",
                                              "empty_strided",
                                              "alias",
                                              "detach",
                                              "_efficientzerotensor",
                                              "copy_",
                                              "_thnn_fused_lstm_cell",
                                              "_thnn_fused_lstm_cell_backward_impl",
                                              "_thnn_fused_gru_cell",
                                              "_thnn_fused_gru_cell_backward"};
  return kKeep.contains(name);
}

bool TakesTensors(const c10::FunctionSchema& schema) {
  return std::ranges::any_of(schema.arguments(), [](const auto& argument) {
    return argument.type()->str().find("Tensor") != std::string::npos;
  });
}

// Whether the CUDA operator has a twin on the host that computes the same.
bool ComputesOnTheHost(const c10::OperatorHandle& op) {
  if (op.hasKernelForDispatchKey(c10::DispatchKey::CPU)) return true;
  const auto& name = op.operator_name();
  if (getenv("SIM_VERBOSE"))
    fprintf(stderr, "only CUDA: %s.%s\n", name.name.c_str(), name.overload_name.c_str());
  return false;
}

__attribute__((constructor)) void Install() {
  auto& dispatcher = c10::Dispatcher::singleton();
  library = new torch::Library(torch::Library::IMPL, "aten", c10::DispatchKey::CUDA, __FILE__, __LINE__);
  for (const auto& name : dispatcher.getAllOpNames()) {
    if (!name.name.starts_with("aten::") || StaysAsItIs(name.name.substr(6))) continue;
    const auto op = dispatcher.findOp(name);
    if (!op || !op->hasSchema() || !op->hasKernelForDispatchKey(c10::DispatchKey::CUDA)) continue;
    if (!TakesTensors(op->schema()) || !ComputesOnTheHost(*op)) continue;
    const auto full = name.name.substr(6) + (name.overload_name.empty() ? "" : "." + name.overload_name);
    library->impl(full.c_str(), torch::CppFunction::makeFromBoxedFunction<&Redirect>());
  }
  library->impl("copy_", torch::CppFunction::makeFromBoxedFunction<&Redirect>());
  // Of a transposed convolution it reaches a CUDA kernel that no operator names.
  library->impl("convolution_backward", torch::CppFunction::makeFromBoxedFunction<&Redirect>());
  library->impl("_thnn_fused_lstm_cell", TORCH_FN(Cell));
  library->impl("_thnn_fused_lstm_cell_backward_impl", TORCH_FN(CellBackward));
  library->impl("_thnn_fused_gru_cell", TORCH_FN(GruCell));
  library->impl("_thnn_fused_gru_cell_backward", TORCH_FN(GruCellBackward));
}
}  // namespace
