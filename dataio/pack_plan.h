#pragma once
#include <cstdint>
#include <filesystem>
#include <vector>

#include "dataio/packer.h"
#include "dataio/source.h"
#include "dataio/text.h"

// Which records go into which shard, and whether a shard on disk is of this plan, so that an interrupted
// packing can continue.
namespace helio::dataio {

// What is packed, and how. `splits` outlives it.
struct Packing {
  const std::vector<SourceSplit>& splits;
  PackOptions options;
  Vocabulary vocabulary;
  std::filesystem::path stage;  // the folder of shards on their way
};

// One shard to be written.
struct PackJob {
  const SourceSplit* split;
  size_t begin, end;           // of the split's records
  std::filesystem::path path;  // on the stage
  bool damaged = false;        // one of its pictures
  bool empty = false;          // none of its records is left
};

// Every split's records in order, cut into shards. Writes nothing.
std::vector<PackJob> PlanJobs(const Packing& packing);

// These three are for one process; of different jobs they are thread-safe. Throw Error{kSystem}.
bool IsWritten(const Packing& packing, const PackJob& job);
void MarkWritten(const Packing& packing, const PackJob& job);
void RemoveWritten(const PackJob& job);  // the shard and its mark, if they are there

}  // namespace helio::dataio
