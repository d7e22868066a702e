#include "dataio/held_out.h"

#include <algorithm>
#include <unordered_map>

#include "dataio/evaluation_rows.h"

namespace helio::dataio {
namespace {

std::vector<Draw> Mapped(std::span<const Draw> draws, const std::vector<int64_t>& rows) {
  std::vector<Draw> mapped;
  for (const auto& draw : draws) mapped.push_back({rows.at(static_cast<size_t>(draw.row)), draw.caption, 0});
  return mapped;
}

}  // namespace

std::vector<int64_t> CounterpartsOf(const Dataset& first, const Dataset& other) {
  std::unordered_map<std::string, int64_t> by_id;
  for (int64_t row = 0; row < other.size(); ++row) by_id.emplace(other.Id(row), row);
  std::vector<int64_t> rows;
  for (int64_t row = 0; row < first.size(); ++row) {
    const auto found = by_id.find(first.Id(row));
    if (found == by_id.end()) return {};
    rows.push_back(found->second);
  }
  return rows;
}

bool HaveCounterparts(std::span<const HeldOut> sets) {
  return std::ranges::none_of(sets.subspan(1), [](const HeldOut& set) { return set.counterparts.empty(); });
}

Batch HeldOutBatch(std::span<const HeldOut> sets, std::span<const Draw> draws, uint64_t seed) {
  auto batch = EvaluationBatch(*sets[0].dataset, draws, sets[0].needs, seed);
  for (const auto& set : sets.subspan(1)) {
    const auto own = set.counterparts.empty()
                         ? EvaluationDraws(*set.dataset, std::ssize(draws), set.needs.words, seed)
                         : Mapped(draws, set.counterparts);
    batch.domains.push_back(std::move(EvaluationBatch(*set.dataset, own, set.needs, seed).data()));
  }
  return batch;
}

}  // namespace helio::dataio
