#pragma once
#include <optional>

#include "dataio/loader.h"
// clang-format off
#include <c10/core/Event.h>
#include <c10/core/Stream.h>
// clang-format on

namespace helio::dataio {

// A loader's batches on a device, uploaded. To a GPU they go on a stream of their own, and one of them is on
// its way there while the device computes with the one before, wherever the loader has it ready; the bytes
// are those of Upload() on the current stream. Not thread-safe.
class Prefetcher {
 public:
  // `loader` must outlive it; `needs`: one a domain.
  Prefetcher(Loader& loader, std::vector<DomainNeeds> needs, torch::Device device, torch::Dtype dtype);

  // The next batch, for the current stream. Throws as Loader::Next does.
  Batch Next(double deadline_seconds);

 private:
  struct Uploaded {
    Batch batch;
    std::optional<c10::Event> done;  // of a GPU's stream
  };

  Uploaded Fetch(double deadline_seconds);
  void Upload(Uploaded& uploaded) const;

  Loader& loader_;
  const std::vector<DomainNeeds> needs_;
  const torch::Device device_;
  const torch::Dtype dtype_;
  const std::optional<c10::Stream> copies_;  // of a GPU
  std::optional<Uploaded> ahead_;
};

}  // namespace helio::dataio
