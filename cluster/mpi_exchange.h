#pragma once
#include <vector>

#include "cluster/mpi_engine.h"
#include "cluster/mpi_group.h"
#include "src/base/tensor.h"

namespace helio::cluster {

enum class Collective { kAllReduce, kReduceScatter, kAllGather };

// Where the ranks' slices lie.
enum class Cut {
  kWithinChunks,  // as neighbours within each chunk (all-reduce)
  kRankMajor      // all of a rank together, in rank order (scatter, gather)
};

// How the elements of one collective are laid out: chunk by chunk, each chunk with one slice a rank.
struct ExchangeLayout {
  struct Slice {
    char* data;
    int64_t elements;
  };

  char* whole = nullptr;
  char* part = nullptr;  // where the reduced own slice goes, or comes from; null: stays in `whole`
  int64_t elements = 0;  // of `whole`
  int64_t element_size = 0;
  Cut cut = Cut::kRankMajor;
  int64_t chunk = 0;  // elements of a chunk over all ranks
  int ranks = 1;

  int64_t chunks() const;  // the last one may be shorter
  // A rank's slice of a chunk, in `whole`.
  Slice At(int64_t chunk_index, int rank) const;
  // The own slice's other home, or the slice itself.
  char* PartAt(int64_t chunk_index, int rank) const;
};

// All-reduce, reduce-scatter or all-gather by direct exchange: rank r owns slice r of every chunk. To reduce,
// every rank sends each owner its slice and the owner adds them in rank order: a fixed order, computed once,
// so the result is the same bits everywhere. To gather, every owner sends its slice to all. Each rank sends 2
// (N - 1) / N of the bytes, as a ring does, in 2 steps instead of 2 (N - 1).
class MpiExchange : public MpiOperation {
 public:
  struct Wanted {
    Collective collective;
    torch::ScalarType dtype;
    Reduce op;
    MpiGroupPtr group;
    int tag;  // tags [tag, tag + 2 * chunks) are this operation's

    bool reduces() const { return collective != Collective::kAllGather; }
    bool gathers() const { return collective != Collective::kReduceScatter; }
  };
  MpiExchange(std::shared_ptr<MpiEngine> engine, Call call, const ExchangeLayout& layout,
              const Wanted& wanted, std::vector<torch::Tensor> keep_alive);

  bool Advance() override;
  bool large() const override {
    return layout_.chunks() > 1 || layout_.elements * layout_.element_size > 1 << 16;
  }

 private:
  enum class Phase { kIdle, kReduce, kGather };
  struct Lane {  // a chunk in the network
    int64_t chunk = 0;
    Phase phase = Phase::kIdle;
    std::vector<MPI_Request> requests;
    std::vector<char> staging;
  };

  void ReturnStaging();
  void BeginChunk(Lane& lane);
  bool AdvanceLane(Lane& lane);  // true while it has work
  void SendSlices(Lane& lane);
  void AddUp(Lane& lane);
  void SendResult(Lane& lane);
  // Of a lane's phase: a message to a member of the group, and one from it.
  void Send(Lane& lane, int member, const ExchangeLayout::Slice& slice);
  void Receive(Lane& lane, int member, const ExchangeLayout::Slice& slice);
  int TagOf(const Lane& lane) const;
  // A chunk is far below 2 GiB.
  int BytesOf(const ExchangeLayout::Slice& slice) const {
    return static_cast<int>(slice.elements * layout_.element_size);
  }

  ExchangeLayout layout_;
  Wanted wanted_;
  std::vector<torch::Tensor> keep_alive_;
  std::vector<Lane> lanes_;
  int64_t next_chunk_ = 0;
};

}  // namespace helio::cluster
