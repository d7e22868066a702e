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
  return JsonText(header);
}

torch::Dtype DtypeOf(const Json& entry) { return static_cast<torch::Dtype>(entry.at("dtype").get<int>()); }

// The state that a header describes: `own` where this rank wrote it, else room for it. Booleans travel as
// bytes.
NamedTensors RoomFor(const Json& header, const NamedTensors* own) {
  NamedTensors state;
  for (const auto& entry : header) {
    const auto dtype = DtypeOf(entry);
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
    const auto header = ParseJson(headers[static_cast<size_t>(rank)], "a rank's partial scores");
    auto state = RoomFor(header, rank == communicator.rank() ? &own : nullptr);
    for (size_t i = 0; i < state.size(); ++i) {
      auto& tensor = state[i].second;
      if (tensor.numel() > 0) communicator.Await(communicator.Broadcast(tensor, rank, "evaluation"));
      tensor = tensor.to(DtypeOf(header[i]));
    }
    if (!state.empty()) partials.push_back(std::move(state));
  }
  return partials.empty() ? NamedTensors{} : MergePartials(std::move(partials));
}

}  // namespace helio::eval
