#include "src/eval/gather_partial.h"

#include "src/base/json.h"
#include "src/eval/evaluator.h"

namespace helio::eval {
namespace {

std::string HeaderOf(const NamedTensors& state) {
  Json header = Json::array();
  for (const auto& [name, tensor] : state)
    header.push_back(
        {{"name", name}, {"dtype", static_cast<int>(tensor.scalar_type())}, {"shape", tensor.sizes().vec()}});
  return header.dump();
}

// The state that a header describes: `own` where this rank wrote it, else room for it. Booleans travel as
// bytes.
NamedTensors RoomFor(const std::string& header, const NamedTensors* own) {
  NamedTensors state;
  for (const auto& entry : ParseJson(header, "a rank's partial scores")) {
    const auto dtype = static_cast<torch::Dtype>(entry.at("dtype").get<int>());
    const auto wire = dtype == torch::kBool ? torch::kUInt8 : dtype;
    auto tensor = own ? (*own)[state.size()].second.to(torch::kCPU, wire).contiguous()
                      : torch::empty(entry.at("shape").get<std::vector<int64_t>>(), wire);
    state.emplace_back(entry.at("name").get<std::string>(), tensor);
  }
  return state;
}

}  // namespace

NamedTensors GatherPartial(const NamedTensors& own, cluster::Communicator& communicator) {
  const auto headers = cluster::GatherStrings(communicator, HeaderOf(own), "evaluation");
  std::vector<NamedTensors> partials;
  for (int rank = 0; rank < communicator.size(); ++rank) {
    auto state = RoomFor(headers[static_cast<size_t>(rank)], rank == communicator.rank() ? &own : nullptr);
    const auto header = ParseJson(headers[static_cast<size_t>(rank)], "a rank's partial scores");
    for (size_t i = 0; i < state.size(); ++i) {
      auto& tensor = state[i].second;
      if (tensor.numel() > 0) communicator.Broadcast(tensor, rank, "evaluation").Wait();
      tensor = tensor.to(static_cast<torch::Dtype>(header[i].at("dtype").get<int>()));
    }
    if (!state.empty()) partials.push_back(std::move(state));
  }
  return partials.empty() ? NamedTensors{} : MergePartials(partials);
}

}  // namespace helio::eval
