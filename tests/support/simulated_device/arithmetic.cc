// Real arithmetic on the simulated device: its memory is the host's, so every CUDA kernel of aten that also
// exists for the CPU is replaced by one that runs the CPU kernel on aliases of the same memory; in the order
// of the current stream, where streams are queues.
#include <ATen/ATen.h>
#include <ATen/EmptyTensor.h>
#include <ATen/ThreadLocalState.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/copy_native.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAStream.h>
#include <torch/library.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <unordered_map>
#include <vector>

#include "queues.h"
#include "recurrent.h"

extern "C" void sim_trace();

namespace {
using c10::IValue;
using Values = std::vector<IValue>;

at::Tensor Alias(const at::Tensor& t) {
  auto options = t.options().device(at::kCPU);
  if (t.numel() == 0) return at::empty_strided(t.sizes(), t.strides(), options);
  return at::from_blob(t.data_ptr(), t.sizes(), t.strides(), options);
}

// `value` with each of its tensors replaced.
template <typename Function>
IValue Replaced(const IValue& value, Function&& replace) {
  if (value.isTensor()) return replace(value.toTensor());
  if (value.isTensorList()) {
    c10::List<at::Tensor> list;
    for (const at::Tensor& t : value.toTensorVector()) list.push_back(replace(t));
    return list;
  }
  if (value.isOptionalTensorList()) {
    c10::List<std::optional<at::Tensor>> list;
    for (const std::optional<at::Tensor>& t : value.toOptionalTensorList())
      list.push_back(t ? std::optional<at::Tensor>(replace(*t)) : t);
    return list;
  }
  return value;
}

// All tensors of a list of values, undefined ones too, in order.
std::vector<at::Tensor> TensorsOf(const Values& values) {
  std::vector<at::Tensor> all;
  for (const auto& value : values)
    Replaced(value, [&](const at::Tensor& t) {
      all.push_back(t);
      return t;
    });
  return all;
}

// A number of the host as it is now: a plain 2 among floats stays one that leaves them floats.
at::Tensor Snapshot(const at::Tensor& t) {
  auto copy = t.clone();
  copy.unsafeGetTensorImpl()->set_wrapped_number(t.unsafeGetTensorImpl()->is_wrapped_number());
  return copy;
}

// The operator's arguments as the host's kernel takes them. `later`: what the host owns may change until
// then.
Values HostArguments(const Values& arguments, bool later) {
  Values host;
  for (const auto& value : arguments)
    if (value.isDevice() && value.toDevice().is_cuda())
      host.push_back(c10::Device(at::kCPU));
    else
      host.push_back(Replaced(value, [&](const at::Tensor& t) {
        return !t.defined() ? t : t.is_cuda() ? Alias(t) : later ? Snapshot(t) : t;
      }));
  return host;
}

size_t SpanOf(const at::Tensor& t) {
  return at::detail::computeStorageNbytes(t.sizes(), t.strides(), t.itemsize());
}

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

// Operators that add on a GPU in whatever order its threads come, so that no two runs have the same bits: of
// torch's own list (use_deterministic_algorithms) those that a training may meet. Not those that add where an
// index says: they are exact where it names no place twice, as ours do.
void CheckOrder(const c10::OperatorHandle& op) {
  static const std::set<std::string> kAnyOrder = {
      "_adaptive_avg_pool2d_backward",    "_ctc_loss_backward",           "_upsample_bicubic2d_aa_backward",
      "_upsample_bilinear2d_aa_backward", "adaptive_max_pool2d_backward", "fractional_max_pool2d_backward",
      "grid_sampler_2d_backward",         "nll_loss2d_forward",           "put_",
      "reflection_pad1d_backward",        "reflection_pad2d_backward",    "replication_pad1d_backward",
      "replication_pad2d_backward",       "upsample_bicubic2d_backward",  "upsample_bilinear2d_backward",
      "upsample_linear1d_backward"};
  const auto& name = op.schema().name();
  TORCH_CHECK(!kAnyOrder.contains(name.substr(name.find("::") + 2)), "simulated device: ", name,
              " adds in any order on a GPU: a resumed run would have other bits");
}

c10::Device DeviceOf(const std::vector<at::Tensor>& tensors) {
  for (const auto& t : tensors)
    if (t.defined() && t.is_cuda()) return t.device();
  return {at::kCUDA, 0};
}

// What the host's kernel has answered, on the device: an argument it has written is the argument itself.
at::Tensor OnDevice(const at::Tensor& t, const std::vector<at::Tensor>& host,
                    const std::vector<at::Tensor>& arguments) {
  if (!t.defined() || t.is_cuda()) return t;
  const auto found = std::ranges::find_if(host, [&](const auto& h) { return h.is_same(t); });
  if (found == host.end()) {
    auto made = at::empty_strided(t.sizes(), t.strides(), t.options().device(DeviceOf(arguments)));
    if (t.numel()) std::memcpy(made.data_ptr(), t.data_ptr(), SpanOf(t));
    return made;
  }
  auto argument = arguments[found - host.begin()];
  if (!argument.sizes().equals(t.sizes())) {  // an out= argument that the kernel has sized
    argument.resize_(t.sizes());
    if (t.numel()) std::memcpy(argument.data_ptr(), t.contiguous().data_ptr(), argument.nbytes());
  }
  return argument;
}

// How many operators were queued, and how many computed while the host waited.
std::atomic<long> queued{0}, at_once{0};
__attribute__((destructor)) void Say() {
  if (sim::Asynchronous())
    fprintf(stderr, "[simulated device: %ld operators queued, %ld at once]\n", queued.load(), at_once.load());
}

Values ComputeNow(const c10::OperatorHandle& op, const Values& arguments) {
  ++at_once;
  auto stack = HostArguments(arguments, /*later=*/false);
  const auto host = TensorsOf(stack), own = TensorsOf(arguments);
  op.callBoxed(&stack);
  for (auto& value : stack)
    value = Replaced(value, [&](const at::Tensor& t) { return OnDevice(t, host, own); });
  return stack;
}

// All that the shapes of an operator's results depend on, unless its tags say otherwise.
std::string KeyOf(const c10::OperatorHandle& op, const Values& arguments) {
  std::ostringstream key;
  key << op.operator_name();
  for (const auto& value : arguments) {
    key << ';';
    if (!value.isTensor() && !value.isTensorList() && !value.isOptionalTensorList()) key << value;
    Replaced(value, [&](const at::Tensor& t) {
      if (t.defined()) key << t.dtype() << t.device() << t.sizes() << t.strides();
      key << ',';
      return t;
    });
  }
  return key.str();
}

using Sizes = std::vector<std::vector<int64_t>>;

Sizes SizesOf(const std::vector<at::Tensor>& tensors) {
  Sizes sizes;
  for (const auto& t : tensors) sizes.push_back(t.defined() ? t.sizes().vec() : std::vector<int64_t>());
  return sizes;
}

// An operator's results but for their numbers: without memory (meta tensors); an argument's number in
// `argument`, or -1; whether it has sized that argument (out=).
struct Results {
  Values shapes;
  std::vector<int> argument;
  std::vector<bool> sized;
};

// `before`: the sizes that the arguments came with.
Results ResultsOf(const Values& results, const std::vector<at::Tensor>& arguments, const Sizes& before) {
  Results known;
  for (const auto& value : results)
    known.shapes.push_back(Replaced(value, [&](const at::Tensor& t) {
      const auto found =
          std::ranges::find_if(arguments, [&](const auto& a) { return t.defined() && a.is_same(t); });
      known.argument.push_back(found == arguments.end() ? -1 : found - arguments.begin());
      known.sized.push_back(found != arguments.end() && !t.sizes().equals(before[known.argument.back()]));
      return t.defined() ? at::empty_strided(t.sizes(), t.strides(), t.options().device(at::kMeta)) : t;
    }));
  return known;
}

// The operator's results, whose numbers come later (Fulfil).
Values Promise(const Results& known, const std::vector<at::Tensor>& arguments) {
  Values results;
  size_t i = 0;
  for (const auto& value : known.shapes)
    results.push_back(Replaced(value, [&](const at::Tensor& t) {
      const int argument = known.argument[i++];
      if (argument >= 0 && known.sized[i - 1]) arguments[argument].resize_(t.sizes());
      if (argument >= 0) return arguments[argument];
      return t.defined() ? at::empty_strided(t.sizes(), t.strides(), t.options().device(DeviceOf(arguments)))
                         : t;
    }));
  return results;
}

// Where a result's numbers go; without memory: they are there already. `sized` by the operator: one after the
// other.
struct Place {
  void* memory = nullptr;
  size_t bytes = 0;
  bool sized = false;
};

// The numbers, in the stream's order. Holds no memory of the device: who frees it too early is to be seen.
void Fulfil(const c10::OperatorHandle& op, Values stack, const std::vector<Place>& places) try {
  op.callBoxed(&stack);
  const auto results = TensorsOf(stack);
  for (size_t i = 0; i < results.size(); ++i)
    if (const auto& place = places[i]; place.bytes) {
      const auto result = place.sized ? results[i].contiguous() : results[i];
      TORCH_CHECK(SpanOf(result) == place.bytes, "not the size it had before");
      std::memcpy(place.memory, result.data_ptr(), place.bytes);
    }
} catch (const std::exception& error) {
  fprintf(stderr, "[simulated device: %s: %s]\n", op.schema().name().c_str(), error.what());
  sim::Break(cudaErrorAssert);
}

Values ComputeLater(const c10::OperatorHandle& op, const Values& arguments, const Results& known,
                    cudaStream_t stream) {
  ++queued;
  auto host = HostArguments(arguments, /*later=*/true);
  const auto results = Promise(known, TensorsOf(arguments));
  std::vector<Place> places;
  for (const auto& t : TensorsOf(results)) {
    const bool sized = known.sized[places.size()];
    const bool made = t.defined() && (known.argument[places.size()] < 0 || sized) && t.numel();
    places.push_back(made ? Place{t.data_ptr(), SpanOf(t), sized} : Place{});
  }
  sim::Enqueue(stream, [op, places, stack = std::move(host), state = at::ThreadLocalState()] {
    at::ThreadLocalStateGuard as_caller(state);
    Fulfil(op, stack, places);
  });
  return results;
}

// Whether its results' shapes depend on its arguments' numbers, or its numbers on a generator of the host.
bool HasToBeNow(const c10::OperatorHandle& op) {
  return op.hasTag(at::Tag::dynamic_output_shape) || op.hasTag(at::Tag::data_dependent_output) ||
         op.hasTag(at::Tag::nondeterministic_seeded);
}

bool OnlyTensors(const Values& results) {
  return std::ranges::all_of(results,
                             [](const auto& value) { return value.isTensor() || value.isTensorList(); });
}

// The results of operators that have been computed, by KeyOf. Thread-safe.
class KnownResults {
 public:
  std::optional<Results> Find(const std::string& key) {
    const std::lock_guard lock(mutex_);
    const auto found = results_.find(key);
    return found == results_.end() ? std::nullopt : std::optional<Results>(found->second);
  }
  void Add(const std::string& key, const Results& results) {
    const std::lock_guard lock(mutex_);
    results_.emplace(key, results);
  }

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, Results> results_;
};

// An operator is computed at once, after its stream, when it comes with such arguments for the first time;
// from then on the shapes of its results are known, and it is queued.
Values Compute(const c10::OperatorHandle& op, const Values& arguments) {
  const auto own = TensorsOf(arguments);
  const auto stream = c10::cuda::getCurrentCUDAStream(DeviceOf(own).index()).stream();
  C10_CUDA_CHECK(sim::MayQueue(stream));
  if (!sim::Asynchronous() && !sim::Captures(stream)) return ComputeNow(op, arguments);
  static auto& known = *new KnownResults;
  const auto key = HasToBeNow(op) ? "" : KeyOf(op, arguments);
  if (const auto results = known.Find(key)) return ComputeLater(op, arguments, *results, stream);
  if (sim::Captures(stream)) sim_trace();
  TORCH_CHECK(!sim::Captures(stream), "simulated device: ", op.schema().name(), KeyOf(op, arguments),
              " is captured before it has been computed once on streams that are queues");
  sim::Drain(stream);
  const auto before = SizesOf(own);
  auto results = ComputeNow(op, arguments);
  if (!key.empty() && OnlyTensors(results)) known.Add(key, ResultsOf(results, own, before));
  return results;
}

void Redirect(const c10::OperatorHandle& op, c10::DispatchKeySet, torch::jit::Stack* stack) {
  const size_t n = op.schema().arguments().size();
  CheckDevices(op, *stack, n);
  CheckOrder(op);
  C10_CUDA_CHECK(sim::Launch());
  const Values arguments(stack->end() - n, stack->end());
  stack->resize(stack->size() - n);
  for (auto& value : Compute(op, arguments)) stack->push_back(std::move(value));
}

// Between host and device it is the runtime's copy, by LibTorch's own code.
void Copy(const c10::OperatorHandle& op, c10::DispatchKeySet keys, torch::jit::Stack* stack) {
  auto to = stack->at(stack->size() - 3).toTensor();
  const auto from = stack->at(stack->size() - 2).toTensor();
  if (to.is_cuda() && from.is_cuda()) return Redirect(op, keys, stack);
  at::native::copy_(to, from, stack->back().toBool());
  stack->resize(stack->size() - 3);
  stack->push_back(to);
}

void RecordStream(at::Tensor& tensor, c10::Stream stream) {
  sim::RecordUse(tensor.storage().mutable_data(), c10::cuda::CUDAStream(stream).stream());
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
  library->impl("copy_", torch::CppFunction::makeFromBoxedFunction<&Copy>());
  library->impl("record_stream", TORCH_FN(RecordStream));
  // Of a transposed convolution it reaches a CUDA kernel that no operator names.
  library->impl("convolution_backward", torch::CppFunction::makeFromBoxedFunction<&Redirect>());
  sim::SetCurrentStream([] { return c10::cuda::getCurrentCUDAStream().stream(); });
  sim::InstallRecurrent();
  std::atexit(sim::AbandonQueues);  // before LibTorch's own objects end
}
}  // namespace
