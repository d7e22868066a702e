#include "cluster/communicator.h"

#include <cstring>

#include "src/base/error.h"
#include "src/base/tensor.h"

namespace helio::cluster {
namespace {

// Dense memory in some order: what can be sent as it lies. Two ranks' views must have the same strides.
void CheckTensor(const torch::Tensor& tensor) {
  CHECK(tensor.defined()) << "an undefined tensor cannot travel";
  CHECK(tensor.is_non_overlapping_and_dense()) << "a tensor with holes cannot travel";
}

// A text on its way: its length, then its bytes.
constexpr int64_t kLengthBytes = sizeof(int64_t);

void WriteText(const std::string& text, uint8_t* to) {
  const auto length = static_cast<int64_t>(text.size());
  std::memcpy(to, &length, kLengthBytes);
  std::memcpy(to + kLengthBytes, text.data(), text.size());
}

std::string ReadText(const uint8_t* from) {
  int64_t length = 0;
  std::memcpy(&length, from, kLengthBytes);
  return {reinterpret_cast<const char*>(from + kLengthBytes), static_cast<size_t>(length)};
}

}  // namespace

std::string Call::Describe() const {
  std::string text = std::string(kind) + " #" + std::to_string(sequence);
  if (!label.empty()) text += " '" + label + "'";
  text += " of " + communicator;
  return text + (step < 0 ? " before the first step" : " at step " + std::to_string(step));
}

Call Communicator::NextCall(std::string_view kind, std::string label) {
  return {kind, std::move(label), ++sequence_, job_->step.load(), name_, id_};
}

Pending Communicator::AllReduce(torch::Tensor buffer, Reduce op, std::string label) {
  CheckTensor(buffer);
  CHECK(op != Reduce::kMean || buffer.is_floating_point()) << "a mean wants floating point";
  return DoAllReduce(NextCall("all_reduce", std::move(label)), std::move(buffer), op);
}

Pending Communicator::ReduceScatter(torch::Tensor whole, torch::Tensor part, Reduce op, std::string label) {
  CheckTensor(whole);
  CheckTensor(part);
  CHECK_EQ(whole.numel(), part.numel() * size());
  CHECK_EQ(whole.scalar_type(), part.scalar_type());
  return DoReduceScatter(NextCall("reduce_scatter", std::move(label)), std::move(whole), std::move(part), op);
}

Pending Communicator::AllGather(torch::Tensor part, torch::Tensor whole, std::string label) {
  CheckTensor(whole);
  CheckTensor(part);
  CHECK_EQ(whole.numel(), part.numel() * size());
  CHECK_EQ(whole.scalar_type(), part.scalar_type());
  return DoAllGather(NextCall("all_gather", std::move(label)), std::move(part), std::move(whole));
}

Pending Communicator::Broadcast(torch::Tensor buffer, int root, std::string label) {
  CheckTensor(buffer);
  CHECK(root >= 0 && root < size()) << "no rank " << root;
  return DoBroadcast(NextCall("broadcast", std::move(label)), std::move(buffer), root);
}

void Communicator::Barrier(std::string label) { DoBarrier(NextCall("barrier", std::move(label))); }

std::unique_ptr<Communicator> Communicator::Split(int color, std::string name) {
  const auto call = NextCall("split", name);
  return DoSplit(call, color, std::move(name));
}

void Communicator::Await(const Pending& pending) {
  const auto begin = Moment::On(world_.device);
  pending.Wait();
  job_->waits.Add({begin, Moment::On(world_.device)});
}

void Communicator::BeginStep(int64_t step) {
  job_->step = step;
  ++job_->steps_begun;
}

std::vector<double> GatherScalars(Communicator& communicator, double own, std::string label) {
  const auto part = torch::full({1}, own, torch::kFloat64);
  auto whole = torch::empty({communicator.size()}, torch::kFloat64);
  communicator.Await(communicator.AllGather(part, whole, std::move(label)));
  const double* values = whole.const_data_ptr<double>();
  return {values, values + communicator.size()};
}

double AllReduceScalar(Communicator& communicator, double own, Reduce op, std::string label) {
  auto value = torch::full({1}, own, torch::kFloat64);
  communicator.Await(communicator.AllReduce(value, op, std::move(label)));
  return value.item<double>();
}

double BroadcastScalar(Communicator& communicator, double own, int root, std::string label) {
  const auto value = torch::full({1}, own, torch::kFloat64);
  communicator.Await(communicator.Broadcast(value, root, std::move(label)));
  return value.item<double>();
}

std::vector<std::string> GatherStrings(Communicator& communicator, const std::string& own,
                                       std::string label) {
  const auto longest = static_cast<int64_t>(
      AllReduceScalar(communicator, static_cast<double>(own.size()), Reduce::kMax, label));
  const int64_t width = kLengthBytes + longest;
  auto part = torch::zeros({width}, torch::kUInt8);
  WriteText(own, part.mutable_data_ptr<uint8_t>());
  auto whole = torch::empty({communicator.size(), width}, torch::kUInt8);
  communicator.Await(communicator.AllGather(part, whole, std::move(label)));
  std::vector<std::string> all;
  for (int rank = 0; rank < communicator.size(); ++rank)
    all.push_back(ReadText(whole.const_data_ptr<uint8_t>() + rank * width));
  return all;
}

void BroadcastTensors(Communicator& communicator, const std::vector<torch::Tensor>& tensors, int root) {
  std::vector<Pending> pending;
  for (const auto& tensor : tensors)
    pending.push_back(communicator.Broadcast(tensor.detach(), root, "weights"));
  for (const auto& one : pending) communicator.Await(one);
}

}  // namespace helio::cluster
