#include "dataio/prefetcher.h"

#include "dataio/upload.h"
// clang-format off
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>
// clang-format on

namespace helio::dataio {
namespace {

std::optional<c10::Stream> StreamOf(torch::Device device) {
  if (device.is_cpu()) return std::nullopt;
  return c10::impl::VirtualGuardImpl(device.type()).getStreamFromGlobalPool(device);
}

// What Upload() has put on a device.
std::vector<torch::Tensor> TensorsOf(const Domain& domain) {
  std::vector<torch::Tensor> tensors = {domain.captions, domain.classes,    domain.characters,
                                        domain.boxes,    domain.key_points, domain.embeddings};
  for (const auto* images : {&domain.images, &domain.wrong_images})
    tensors.insert(tensors.end(), images->begin(), images->end());
  std::erase_if(tensors, [](const auto& tensor) { return !tensor.defined(); });
  return tensors;
}

}  // namespace

Prefetcher::Prefetcher(Loader& loader, std::vector<DomainNeeds> needs, torch::Device device,
                       torch::Dtype dtype)
    : loader_(loader), needs_(std::move(needs)), device_(device), dtype_(dtype), copies_(StreamOf(device)) {}

Batch Prefetcher::Next(double deadline_seconds) {
  auto [batch, done] = ahead_ ? *std::exchange(ahead_, std::nullopt) : Fetch(deadline_seconds);
  if (!copies_) return std::move(batch);
  const auto current = c10::impl::VirtualGuardImpl(device_.type()).getStream(device_);
  done->block(current);
  // The memory is the other stream's: it may be handed on only after what this one does with it.
  for (const auto& domain : batch.domains)
    for (const auto& tensor : TensorsOf(domain)) tensor.record_stream(current);
  batch.ready_behind = loader_.ready();
  if (batch.ready_behind > 0) ahead_ = Fetch(deadline_seconds);
  return std::move(batch);
}

Prefetcher::Uploaded Prefetcher::Fetch(double deadline_seconds) {
  Uploaded uploaded{loader_.Next(deadline_seconds), std::nullopt};
  Upload(uploaded);
  return uploaded;
}

void Prefetcher::Upload(Uploaded& uploaded) const {
  if (!copies_) return dataio::Upload(uploaded.batch, needs_, device_, dtype_);
  const c10::StreamGuard guard(*copies_);
  dataio::Upload(uploaded.batch, needs_, device_, dtype_);
  uploaded.done.emplace(device_.type()).record(*copies_);
}

}  // namespace helio::dataio
