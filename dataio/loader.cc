#include "dataio/loader.h"

#include "src/base/random.h"

namespace helio::dataio {
namespace {

void CheckSide(const Dataset& dataset, int64_t side) {
  const auto picture = dataset.Picture(0);
  if (std::min(picture.width, picture.height) < side)
    ThrowUser("pictures were packed with a shorter side of " +
                  std::to_string(std::min(picture.width, picture.height)) + ", training wants " +
                  std::to_string(side),
              "--data", "pack again with --side=" + std::to_string(side * 76 / 64));
}

// Antialiased, in steps of 1 of 255 as Pillow gives them.
torch::Tensor Reduced(const torch::Tensor& pictures, int64_t side) {
  if (pictures.is_cpu()) return at::_upsample_bilinear2d_aa(pictures, {side, side}, false);
  return at::_upsample_bilinear2d_aa(pictures.to(torch::kFloat32), {side, side}, false).round_();
}

// Rows of pixels, as they are decoded, seen as {B, 3, side, side}: channels-last memory.
void ReservePictures(Batch& batch, int64_t size, int64_t side, bool pinned) {
  const auto options = torch::TensorOptions(torch::kUInt8).pinned_memory(pinned);
  batch.pictures = torch::empty({size, side, side, 3}, options).permute({0, 3, 1, 2});
  batch.mirrored = torch::zeros({size}, torch::kBool);
}

void CropPicture(const Dataset& dataset, int64_t row, std::optional<uint64_t> key, bool may_mirror,
                 Batch& batch, int64_t i) {
  const int64_t side = batch.pictures.size(2);
  auto* target = batch.pictures.data_ptr<uint8_t>() + i * 3 * side * side;
  batch.mirrored.data_ptr<bool>()[i] =
      dataset.CropInto(row, static_cast<int>(side), key, may_mirror, target).mirrored;
}

}  // namespace

std::pair<torch::Tensor, torch::Tensor> PadCaptions(const std::vector<std::vector<int32_t>>& captions,
                                                    int64_t words) {
  auto ids = torch::zeros({static_cast<int64_t>(captions.size()), words}, torch::kInt64);
  auto lengths = torch::zeros({ids.size(0)}, torch::kInt64);
  for (size_t i = 0; i < captions.size(); ++i) {
    auto* row = ids.data_ptr<int64_t>() + static_cast<int64_t>(i) * words;
    std::copy(captions[i].begin(), captions[i].end(), row);
    lengths.data_ptr<int64_t>()[i] = static_cast<int64_t>(captions[i].size());
  }
  return {ids, lengths};
}

std::vector<torch::Tensor> Pyramid(const torch::Tensor& pictures, const std::vector<int64_t>& sides) {
  std::vector<torch::Tensor> images;
  for (const int64_t side : sides) {
    const auto scaled = side == pictures.size(2) ? pictures : Reduced(pictures, side);
    images.push_back(scaled.to(torch::kFloat32).div_(255).sub_(0.5).div_(0.5));
  }
  return images;
}

void Upload(Batch& batch, const std::vector<int64_t>& sides, torch::Device device, torch::Dtype dtype) {
  const torch::NoGradGuard no_grad;
  const auto pictures = batch.pictures.to(device, /*non_blocking=*/true);
  for (int64_t i = 0; i < pictures.size(0); ++i)
    if (batch.mirrored.data_ptr<bool>()[i]) pictures[i].copy_(pictures[i].flip({2}));
  batch.images = Pyramid(pictures, sides);
  batch.pictures = batch.mirrored = torch::Tensor();
  for (auto& image : batch.images) image = image.to(dtype);
  for (auto* tensor : {&batch.captions, &batch.caption_lengths, &batch.classes}) *tensor = tensor->to(device);
}

std::vector<Draw> EvaluationDraws(const Dataset& dataset, int64_t count, int64_t words, uint64_t seed) {
  std::vector<Draw> draws;
  for (int64_t pass = 0; static_cast<int64_t>(draws.size()) < count; ++pass)
    for (const int64_t row : ShuffledRows(dataset.size(), RandomKey(seed, "evaluation_order", {pass}))) {
      if (static_cast<int64_t>(draws.size()) == count) break;
      Draw draw{row, 0, 0};
      draw.caption =
          RandomStream(RandomKey(seed, "evaluation_caption", {pass, row})).Below(dataset.Captions(row));
      draw.length = std::min(words, dataset.TokenCount(row, draw.caption));
      draws.push_back(draw);
    }
  return draws;
}

Batch EvaluationBatch(const Dataset& dataset, std::span<const Draw> draws, int64_t words,
                      const std::vector<int64_t>& sides, uint64_t seed) {
  torch::NoGradGuard no_grad;
  const auto size = static_cast<int64_t>(draws.size()), side = sides.back();
  Batch batch;
  batch.rows = {0, size, size};
  std::vector<std::vector<int32_t>> captions;
  std::vector<int64_t> classes;
  ReservePictures(batch, size, side, /*pinned=*/false);
  for (int64_t i = 0; i < size; ++i) {
    const auto& draw = draws[static_cast<size_t>(i)];
    batch.records.push_back(draw.row);
    batch.caption_indices.push_back(draw.caption);
    classes.push_back(dataset.Class(draw.row));
    captions.push_back(CutCaption(dataset.Tokens(draw.row, draw.caption), words,
                                  RandomKey(seed, "evaluation_cut", {draw.row, draw.caption})));
    CropPicture(dataset, draw.row, std::nullopt, false, batch, i);
  }
  std::tie(batch.captions, batch.caption_lengths) = PadCaptions(captions, words);
  batch.classes = torch::tensor(classes, torch::kInt64);
  Upload(batch, sides, torch::kCPU, torch::kFloat32);
  return batch;
}

Loader::Loader(const Dataset& dataset, LoaderOptions options, int64_t first_step)
    : dataset_(dataset),
      options_(std::move(options)),
      sampler_(dataset, options_.global_batch, options_.words, options_.seed),
      next_to_make_(first_step),
      next_to_give_(first_step) {
  CheckSide(dataset, options_.sides.back());
  for (int i = 0; i < std::max(options_.workers, 1); ++i) workers_.emplace_back([this] { Work(); });
}

Loader::~Loader() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  for (auto& worker : workers_) worker.join();
}

Batch Loader::Next() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return failure_ || ready_.contains(next_to_give_); });
  if (!ready_.contains(next_to_give_)) std::rethrow_exception(failure_);
  Batch batch = std::move(ready_.extract(next_to_give_++).mapped());
  batch.ready_behind = std::ssize(ready_);
  changed_.notify_all();
  return batch;
}

void Loader::Work() {
  at::set_num_threads(1);  // of this thread: the cores belong to the networks
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock,
                  [this] { return stop_ || failure_ || next_to_make_ < next_to_give_ + options_.prefetch; });
    if (stop_ || failure_) return;
    const int64_t step = next_to_make_++;
    lock.unlock();
    std::optional<Batch> batch;
    std::exception_ptr failure;
    try {
      batch = Make(step);
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    if (batch)
      ready_.emplace(step, std::move(*batch));
    else
      failure_ = failure;
    changed_.notify_all();
  }
}

Batch Loader::Make(int64_t step) const {
  torch::NoGradGuard no_grad;
  const auto draws = sampler_.Batch(step);
  Batch batch;
  batch.rows = SplitRows(options_.global_batch, options_.rank, options_.ranks);
  batch.epoch = step / steps_per_epoch();
  batch.step_in_epoch = step % steps_per_epoch();
  std::vector<std::vector<int32_t>> captions;
  std::vector<int64_t> classes;
  for (int64_t i = batch.rows.first; i < batch.rows.end(); ++i) {
    const auto& draw = draws[static_cast<size_t>(i)];
    batch.records.push_back(draw.row);
    batch.caption_indices.push_back(draw.caption);
    classes.push_back(dataset_.Class(draw.row));
    captions.push_back(CutCaption(dataset_.Tokens(draw.row, draw.caption), options_.words,
                                  RandomKey(options_.seed, "cut", {batch.epoch, draw.row})));
  }
  std::tie(batch.captions, batch.caption_lengths) = PadCaptions(captions, options_.words);
  batch.classes = torch::tensor(classes, torch::kInt64);
  FillImages(batch);
  return batch;
}

void Loader::FillImages(Batch& batch) const {
  ReservePictures(batch, batch.rows.local, options_.sides.back(), options_.pinned);
  for (int64_t i = 0; i < batch.rows.local; ++i) {
    const int64_t row = batch.records[static_cast<size_t>(i)];
    std::optional<uint64_t> key;
    if (options_.augment) key = RandomKey(options_.seed, "augment", {batch.epoch, row});
    CropPicture(dataset_, row, key, options_.flip, batch, i);
  }
}

}  // namespace helio::dataio
