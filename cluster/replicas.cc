#include "cluster/replicas.h"

#include <map>

#include "src/base/checksum.h"
#include "src/base/error.h"
#include "src/base/host_name.h"
#include "src/base/text_list.h"

namespace helio::cluster {
namespace {

// {tensors} int64: XXH3 of each one's bytes as they lie.
torch::Tensor HashesOf(const std::vector<Replica>& replicas) {
  auto hashes = torch::empty({std::ssize(replicas)}, torch::kInt64);
  auto* next = hashes.data_ptr<int64_t>();
  for (const auto& replica : replicas) {
    CHECK(replica.tensor.is_non_overlapping_and_dense()) << replica.name;
    const auto host = replica.tensor.detach().cpu();
    const auto* bytes = static_cast<const std::byte*>(host.const_data_ptr());
    *next++ = static_cast<int64_t>(Checksum64({bytes, host.nbytes()}));
  }
  return hashes;
}

torch::Tensor HashOf(const torch::Tensor& hashes) {
  const auto* bytes = static_cast<const std::byte*>(hashes.const_data_ptr());
  return torch::full({1}, static_cast<int64_t>(Checksum64({bytes, hashes.nbytes()})), torch::kInt64);
}

// {ranks, numbers} from {numbers} of each.
torch::Tensor GatherRows(Communicator& communicator, const torch::Tensor& own) {
  auto all = torch::empty({communicator.size(), own.numel()}, own.options());
  communicator.Await(communicator.AllGather(own, all, "check of weights"));
  return all;
}

// The lowest of the ranks that agree and are more than half; -1 where there are none.
int64_t Majority(const torch::Tensor& sums) {
  std::map<int64_t, int64_t> votes;
  for (int64_t rank = 0; rank < sums.numel(); ++rank) ++votes[sums[rank].item<int64_t>()];
  for (int64_t rank = 0; rank < sums.numel(); ++rank)
    if (2 * votes[sums[rank].item<int64_t>()] > sums.numel()) return rank;
  return -1;
}

// "netG.fc.weight of netG and 3 more of 120": where `rows`, {ranks, tensors}, are not all the same.
std::string DifferentTensors(const torch::Tensor& rows, const std::vector<Replica>& replicas) {
  const auto differs = rows.ne(rows[0]).any(0).nonzero().flatten();
  const auto& first = replicas[static_cast<size_t>(differs[0].item<int64_t>())];
  auto text = first.name + " of " + first.part;
  if (differs.numel() > 1) text += " and " + std::to_string(differs.numel() - 1) + " more";
  return text + (replicas.size() > 1 ? " of " + std::to_string(replicas.size()) + " tensors" : "");
}

// Ranks that do not agree with the majority, each with what differs; without one all ranks.
std::string Accusation(const torch::Tensor& rows, const torch::Tensor& sums,
                       const std::vector<Replica>& replicas, const std::vector<std::string>& hosts) {
  const auto name = [&](int64_t rank) {
    return "rank " + std::to_string(rank) + " (" + hosts[static_cast<size_t>(rank)] + ")";
  };
  const int64_t right = Majority(sums);
  std::string text;
  for (int64_t rank = 0; rank < sums.numel(); ++rank) {
    if (right >= 0 && sums[rank].equal(sums[right])) continue;
    AddToList(text, name(rank));
    if (right >= 0)
      text += " differs from the others in " +
              DifferentTensors(torch::stack({rows[right], rows[rank]}), replicas);
  }
  if (right >= 0) return text;
  return text + " differ from each other in " + DifferentTensors(rows, replicas) +
         ", and which is right cannot be told";
}

}  // namespace

void CheckReplicas(Communicator& communicator, const std::vector<Replica>& own, const std::string& where) {
  if (communicator.size() == 1 || own.empty()) return;
  const auto hashes = HashesOf(own);
  const auto sums = GatherRows(communicator, HashOf(hashes)).flatten();
  if (sums.eq(sums[0]).all().item<bool>()) return;
  const auto rows = GatherRows(communicator, hashes);
  const auto hosts = GatherStrings(communicator, HostName(), "check of weights");
  throw Error(ErrorKind::kCluster,
              "the ranks no longer hold the same weights: " + Accusation(rows, sums, own, hosts), where,
              "memory, processor or device of such a host is at fault, or its libraries are others: replace "
              "it and start again from the last checkpoint");
}

}  // namespace helio::cluster
