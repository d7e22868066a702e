#include "tests/parity/fixture.h"

#include <algorithm>

#include "tests/parity/recorded_view.h"

namespace helio::parity {
namespace {

constexpr const char* kDouble = "ref64.";

bool StartsWith(const std::string& text, const std::string& prefix) { return text.rfind(prefix, 0) == 0; }

// The name without "ref64.", if this run is to compare with the tensor; else nothing. A gradient recorded in
// both precisions is compared in float64 alone: in float32 it is noise (FIXTURES.md section 5).
std::optional<std::string> Compared(const SafeTensors& file, const std::string& name, bool in_double) {
  const bool is_double = StartsWith(name, kDouble);
  const auto plain = is_double ? name.substr(std::strlen(kDouble)) : name;
  const bool output = StartsWith(plain, "out."), gradient = StartsWith(plain, "grad.");
  if (!output && !gradient) return {};
  // What another resize would give: recorded to tell the two apart, not to be matched.
  if (StartsWith(plain, "out.align_corners_true.")) return {};
  if (plain == "out.r.min_gap") return {};  // a property of the inputs: ranks are no matter of rounding
  const bool twice = is_double || file.Find(kDouble + plain);
  if (twice && is_double != (in_double || gradient)) return {};
  return plain;
}

double RelativeError(const torch::Tensor& ours, const torch::Tensor& recorded) {
  const auto a = ours.detach().to(torch::kFloat64), b = recorded.to(torch::kFloat64);
  return (a - b).norm().item<double>() / (b.norm().item<double>() + 1e-12);
}

torch::Device ChosenDevice() {
  const char* chosen = std::getenv("HELIO_PARITY_DEVICE");
  return torch::Device(chosen ? chosen : "cpu");
}

void Judge(const std::string& name, double error, double limit, Verdict::Worst& worst, Verdict& verdict) {
  ++verdict.compared;
  if (!(error <= worst.error)) worst = {error, name};
  if (error <= limit) return;
  std::ostringstream line;
  line << name << ": " << error << " > " << limit;
  verdict.failures.push_back(line.str());
}

}  // namespace

double Tolerance::Limit(const std::string& name) const {
  for (const auto& [beginning, limit] : special)
    if (StartsWith(name, beginning)) return limit;
  return StartsWith(name, "grad.") ? grad : out;
}

Fixture::Fixture(const std::filesystem::path& path, torch::ScalarType dtype, Precision precision)
    : file_(ReadSafeTensors(path)),
      where_(path.string()),
      dtype_(dtype),
      precision_(precision),
      device_(ChosenDevice()) {
  hyper_ = ParseJson(Metadata("hparams"), where_);
  UseCudaProducts(Precision::kFloat32);
}

std::string Fixture::Metadata(const std::string& key) const {
  const auto found = file_.metadata.find(key);
  if (found == file_.metadata.end()) ThrowData("lacks the metadata '" + key + "'", where_);
  return found->second;
}

int64_t Fixture::Iterations() const {
  int64_t count = 0;
  const auto recorded = [&] {
    const auto prefix = "in.it" + std::to_string(count) + ".";
    return std::ranges::any_of(file_.tensors,
                               [&](const auto& entry) { return StartsWith(entry.first, prefix); });
  };
  while (recorded()) ++count;
  return count;
}

torch::Tensor Fixture::Get(const std::string& name) const {
  const auto* found = file_.Find(name);
  CHECK(found) << where_ << " has no " << name;
  const auto dtype = found->is_floating_point() ? dtype_ : found->scalar_type();
  return found->to(device_, dtype, /*non_blocking=*/false, /*copy=*/true);
}

torch::Tensor Fixture::Image(const std::string& name) const {
  int64_t times = 1;
  const auto stored = [&] {
    return "in." + name + (times > 1 ? "_up" + std::to_string(times) : std::string()) + "_u8";
  };
  while (!Has(stored()) && times < 64) ++times;
  const auto bytes = Get(stored()).repeat_interleave(times, 2).repeat_interleave(times, 3);
  return ((bytes.to(torch::kFloat32) / 255.0 - 0.5) / 0.5).to(dtype_);
}

torch::Tensor Fixture::Pull(const std::string& name, const torch::Tensor& output) const {
  // In float64: a float32 sum over a whole map would drown the map's own error.
  const auto exact = output.to(torch::kFloat64);
  if (Has("cot." + name)) return (exact * Get("cot." + name)).sum();
  const auto size = std::vector<int64_t>{output.size(2), output.size(3)};
  return (exact * torch::upsample_nearest2d(Get("cotlow." + name), size)).sum();
}

void Fixture::Load(torch::nn::Module& module, const std::string& prefix, const std::string& except) const {
  module.to(device_, dtype_);
  NamedTensors source;
  for (const auto& [name, tensor] : file_.tensors) {
    if (!StartsWith(name, "param." + prefix) && !StartsWith(name, "buffer." + prefix)) continue;
    const auto own = name.substr(name.find('.') + 1 + prefix.size());
    if (except.empty() || !StartsWith(own, except)) source.emplace_back(own, tensor);
  }
  CopyState(source, StateOf(module), where_);
}

void Fixture::Give(const std::string& name, const torch::Tensor& ours) {
  CHECK(ours.defined()) << where_ << " " << name;
  CHECK(ours_.emplace(name, ours.detach().clone().cpu()).second) << name << " given twice";
}

void Fixture::GiveGradients(const torch::nn::Module& module, const std::string& tag,
                            const std::string& prefix) {
  for (const auto& parameter : module.named_parameters())
    if (parameter.value().grad().defined())
      Give("grad." + tag + "param." + prefix + parameter.key(), parameter.value().grad());
}

void Fixture::GiveBuffers(const torch::nn::Module& module, const std::string& tag,
                          const std::string& prefix) {
  for (const auto& buffer : module.named_buffers())
    Give("out." + tag + "buffer." + prefix + buffer.key(), buffer.value());
}

Verdict Fixture::Compare(const Tolerance& tolerance) const {
  Verdict verdict;
  for (const auto& [stored, recorded] : file_.tensors)
    if (const auto name = Compared(file_, stored, dtype_ == torch::kFloat64))
      CompareOne(*name, recorded, LimitFor(stored, *name, tolerance), tolerance.sum, verdict);
  return verdict;
}

std::vector<double> Fixture::LossErrors() const {
  std::vector<double> errors;
  for (;;) {
    const auto iteration = "out.it" + std::to_string(errors.size()) + ".";
    double worst = -1;  // no loss
    for (const auto& [name, recorded] : file_.tensors) {
      if (recorded.numel() != 1 || !StartsWith(name, iteration)) continue;
      const auto ours = ours_.find(name);
      CHECK(ours != ours_.end()) << name;
      const double expected = recorded.item<double>(), got = ours->second.item<double>();
      worst = std::max(worst, std::abs(got - expected) / std::max(0.1, std::abs(expected)));
    }
    if (worst < 0) return errors;
    errors.push_back(worst);
  }
}

double Fixture::LimitFor(const std::string& stored, const std::string& name,
                         const Tolerance& tolerance) const {
  const bool rounded = dtype_ == torch::kFloat64 && !StartsWith(stored, kDouble);
  return rounded ? tolerance.rounded : tolerance.Limit(name);
}

void Fixture::CompareOne(const std::string& name, const torch::Tensor& recorded, double limit,
                         double sum_limit, Verdict& verdict) const {
  const auto view = RecordedView::Of(name);
  const auto found = ours_.find(view.base);
  if (found == ours_.end()) return verdict.failures.push_back(name + ": never computed");
  const auto ours = view.Look(found->second);
  if (ours.sizes() != recorded.sizes())
    return verdict.failures.push_back(name + ": has shape " + c10::str(ours.sizes()));
  const bool gradient = StartsWith(name, "grad.");
  auto& worst = gradient ? verdict.grad : verdict.out;
  if (!recorded.is_floating_point())
    return Judge(name, torch::equal(ours, recorded.to(ours.dtype())) ? 0 : 1, 0, worst, verdict);
  if (view.kind != RecordedView::Kind::kSums)
    return Judge(name, RelativeError(ours, recorded), limit, worst, verdict);
  const auto difference = ours.to(torch::kFloat64) - recorded.to(torch::kFloat64);
  const double squares = recorded[1].item<double>(), elements = static_cast<double>(found->second.numel());
  Judge(name + "[0]", std::abs(difference[0].item<double>()) / std::sqrt(elements * squares), sum_limit,
        worst, verdict);
  Judge(name + "[1]", std::abs(difference[1].item<double>()) / squares, 2 * limit, worst, verdict);
}

}  // namespace helio::parity
