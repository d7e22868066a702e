#include "src/base/named_tensors.h"

#include <sstream>

#include "src/base/checksum.h"
#include "src/base/error.h"

namespace helio {
namespace {

bool MayBeMissing(const std::string& name) { return name.ends_with("num_batches_tracked"); }

std::string Shape(const torch::Tensor& tensor) {
  std::ostringstream text;
  text << tensor.sizes();
  return text.str();
}

std::string Problems(const std::map<std::string, torch::Tensor>& source, const NamedTensors& target) {
  std::string problems;
  std::set<std::string> wanted;
  for (const auto& [name, tensor] : target) {
    wanted.insert(name);
    const auto found = source.find(name);
    if (found == source.end()) {
      if (!MayBeMissing(name)) problems += "\n  missing " + name + " " + Shape(tensor);
    } else if (found->second.sizes() != tensor.sizes()) {
      problems += "\n  " + name + " is " + Shape(found->second) + ", expected " + Shape(tensor);
    }
  }
  for (const auto& [name, tensor] : source)
    if (!wanted.contains(name)) problems += "\n  unexpected " + name + " " + Shape(tensor);
  return problems;
}

}  // namespace

NamedTensors WithoutPrefix(const NamedTensors& tensors, const std::string& prefix) {
  NamedTensors found;
  for (const auto& [name, tensor] : tensors)
    if (name.starts_with(prefix)) found.emplace_back(name.substr(prefix.size()), tensor);
  return found;
}

void CopyState(const NamedTensors& source, const NamedTensors& target, const std::string& where) {
  const std::map<std::string, torch::Tensor> by_name(source.begin(), source.end());
  if (const auto problems = Problems(by_name, target); !problems.empty())
    ThrowUser("weights do not fit this network:" + problems, where);
  torch::NoGradGuard no_grad;
  for (const auto& [name, tensor] : target)
    if (const auto found = by_name.find(name); found != by_name.end())
      torch::Tensor(tensor).copy_(found->second);
}

void MoveTo(const NamedTensors& tensors, torch::Device device) {
  torch::NoGradGuard no_grad;
  for (auto [name, tensor] : tensors)
    if (tensor.device() != device) tensor.set_data(tensor.to(device));
}

std::string WeightsDigest(const NamedTensors& tensors) {
  std::ostringstream text;
  for (const auto& [name, tensor] : tensors) {
    const auto host = tensor.detach().cpu().contiguous();
    const auto* data = static_cast<const std::byte*>(host.const_data_ptr());
    text << name << host.sizes() << host.scalar_type() << Digest({data, host.nbytes()});
  }
  const auto all = text.str();
  return Digest(std::as_bytes(std::span(all.data(), all.size())));
}

}  // namespace helio
