#include "dataio/loader.h"

#include "dataio/batch_rows.h"
#include "src/base/error.h"
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

}  // namespace

Loader::Loader(const Dataset& dataset, LoaderOptions options, int64_t first_step)
    : dataset_(dataset),
      options_(std::move(options)),
      sampler_(dataset, options_.global_batch, options_.words, options_.seed, options_.together),
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
  const auto own =
      std::span(draws).subspan(static_cast<size_t>(batch.rows.first), static_cast<size_t>(batch.rows.local));
  FillRows(
      dataset_, own, options_.words,
      [&](const Draw& draw) {
        return RandomKey(options_.seed, "cut", {batch.epoch, draw.row});
      },
      batch);
  FillPictures(
      dataset_, {options_.sides.back(), options_.flip, options_.pinned},
      [&](int64_t row) { return AugmentKey(batch.epoch, row); }, batch);
  return batch;
}

std::optional<uint64_t> Loader::AugmentKey(int64_t epoch, int64_t row) const {
  if (!options_.augment) return std::nullopt;
  return RandomKey(options_.seed, "augment", {epoch, row});
}

}  // namespace helio::dataio
