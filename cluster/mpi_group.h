#pragma once
#include <memory>
#include <vector>

namespace helio::cluster {

// Ranks that a collective runs among.
struct MpiGroup {
  int rank = 0;              // ours, in the group
  std::vector<int> members;  // their ranks in MPI_COMM_WORLD, in the group's order

  int size() const { return static_cast<int>(members.size()); }
  int PeerAt(int member) const { return members[static_cast<size_t>(member)]; }
  // The members so many places before and after us, round the group. 0 <= places <= size().
  int Before(int places) const { return (rank - places + size()) % size(); }
  int After(int places) const { return (rank + places) % size(); }
};

using MpiGroupPtr = std::shared_ptr<const MpiGroup>;

}  // namespace helio::cluster
