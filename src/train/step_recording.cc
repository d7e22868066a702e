#include "src/train/step_recording.h"

#include <algorithm>
#include <sstream>

#include "src/base/error.h"
#include "src/base/to_device.h"

namespace helio::train {
namespace {

// body(tensor) of each that a batch may hold, defined or not, in a fixed order.
template <typename DomainOrConst, typename F>
void ForEachTensor(DomainOrConst& domain, F body) {
  for (auto* tensor : {&domain.captions, &domain.caption_lengths, &domain.classes, &domain.boxes,
                       &domain.key_points, &domain.embeddings, &domain.characters})
    body(*tensor);
  for (auto* images : {&domain.images, &domain.wrong_images})
    for (auto& image : *images) body(image);
}

std::vector<torch::Tensor> TensorsOf(const dataio::Batch& batch) {
  std::vector<torch::Tensor> tensors;
  for (const auto& domain : batch.domains)
    ForEachTensor(domain, [&](const torch::Tensor& tensor) {
      if (tensor.defined()) tensors.push_back(tensor);
    });
  return tensors;
}

// In one operator where they are of one type.
recipes::LossTerms Copied(recipes::LossTerms terms) {
  std::vector<torch::Tensor> values;
  for (const auto& term : terms) values.push_back(term.value);
  const bool alike = std::ranges::all_of(
      values, [&](const auto& value) { return value.scalar_type() == values[0].scalar_type(); });
  const auto copies = alike && !values.empty() ? torch::stack(values) : torch::Tensor();
  for (size_t i = 0; i < terms.size(); ++i)
    terms[i].value = alike ? copies[static_cast<int64_t>(i)] : values[i].clone();
  return terms;
}

}  // namespace

StepRecording::StepRecording(const dataio::Batch& like, torch::Device device)
    : device_(device), batch_(like) {
  for (auto& domain : batch_.domains) {
    domain.records.clear();  // host numbers of one step
    domain.caption_indices.clear();
    ForEachTensor(domain, [&](torch::Tensor& tensor) {
      if (tensor.defined()) tensor = torch::empty_like(tensor, tensor.options().device(device));
    });
  }
}

std::string StepRecording::LayoutOf(const dataio::Batch& batch) {
  std::ostringstream layout;
  layout << batch.rows.first << ' ' << batch.rows.local << ' ' << batch.rows.global;
  for (const auto& domain : batch.domains) {
    layout << '|';
    ForEachTensor(domain, [&](const torch::Tensor& tensor) {
      layout << ';';
      if (tensor.defined()) layout << tensor.dtype() << tensor.sizes() << tensor.strides();
    });
  }
  return layout.str();
}

void StepRecording::Begin(const dataio::Batch& batch, const recipes::StepContext& context) {
  fresh_ = &batch;
  context_ = &context;
  next_ = 0;
  const auto from = TensorsOf(batch), to = TensorsOf(batch_);
  for (size_t i = 0; i < to.size(); ++i) to[i].copy_(ToDevice(from[i], device_));
  for (auto& [purpose, given] : given_) {
    const auto values = context_->Given(purpose, *fresh_, given.make);
    for (size_t i = 0; i < values.size(); ++i) given.values[i].copy_(values[i]);
  }
}

recipes::LossTerms StepRecording::Play(const std::string& piece,
                                       const std::function<recipes::LossTerms()>& work) {
  if (!launches()) return work();
  if (played_ == kPlayedFirst) graphs_.Capture(piece, [&] { terms_.push_back(work()); });
  graphs_.Launch(next_);
  return Copied(terms_.at(next_++));
}

std::vector<torch::Tensor> StepRecording::Of(std::string_view purpose, const recipes::MakeGiven& make) {
  if (const auto found = given_.find(purpose); found != given_.end()) return found->second.values;
  CHECK(!launches()) << purpose << " was not asked for in the steps before";
  Given given{make, context_->Given(purpose, *fresh_, make)};
  for (auto& value : given.values) value = value.clone();
  return given_.emplace(purpose, std::move(given)).first->second.values;
}

}  // namespace helio::train
