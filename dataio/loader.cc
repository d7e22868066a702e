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

void LoaderOptions::Declare(OptionList& list) {
  list.Group("What is trained");
  list.Add("augment", &augment, AnyValue(), "Random crop and flip of training images");
  list.Add("flip", &flip, AnyValue(), "Flip training images at random (with --augment)");
  list.Group("Ranks and machine");
  list.AddOperational("workers", &workers, AtLeast(1), "Loader threads of a rank");
  list.AddOperational("prefetch", &prefetch, AtLeast(1), "Batches the loader works ahead");
}

// One source's part of a batch.
class Loader::Reader {
 public:
  // The first source's choices are keyed by the run's seed, another's by one of its own.
  Reader(const LoaderSource& source, const LoaderOptions& options, int64_t index)
      : dataset_(source.dataset),
        needs_(source.needs),
        options_(options),
        seed_(index == 0 ? options.seed : RandomKey(options.seed, "domain", {index})),
        sampler_(dataset_, options.global_batch, needs_, seed_, options.together) {
    if (needs_.sides.empty()) ThrowUser("a system asks for no pictures of '" + needs_.data + "'");
    CheckSide(dataset_, needs_.crop_side());
    if (needs_.captions) CheckHasCaptions(dataset_);
    if (needs_.embeddings > 0) embeddings_.emplace(dataset_);
    if (needs_.wrong_images) WrongRow(dataset_, 0, seed_);
    if (needs_.boxes || needs_.key_points) dataset_.Region(0);
    if (needs_.key_points && dataset_.key_point_names().empty())
      ThrowUser("has no key points", dataset_.root().string(), "this system needs them, as CUB has them");
  }

  int64_t steps_per_epoch() const { return sampler_.steps_per_epoch(); }
  Domain Read(int64_t step, const RowRange& rows) const;

 private:
  using Windows = std::vector<Window>;
  PictureOptions Pictures() const { return {needs_.crop_side(), options_.flip, options_.pinned}; }
  AugmentKey Augmentation(const char* purpose, int64_t epoch) const;
  void ReadWrongImages(int64_t epoch, Domain& domain) const;

  const Dataset& dataset_;
  const DomainNeeds needs_;
  const LoaderOptions& options_;
  const uint64_t seed_;
  const Sampler sampler_;
  std::optional<Embeddings> embeddings_;
};

Domain Loader::Reader::Read(int64_t step, const RowRange& rows) const {
  const int64_t epoch = step / steps_per_epoch();
  const auto draws = sampler_.Batch(step);
  const auto own = std::span(draws).subspan(static_cast<size_t>(rows.first), static_cast<size_t>(rows.local));
  const auto keyed = [&](const char* purpose) {
    return [=, this](int64_t row) { return RandomKey(seed_, purpose, {epoch, row}); };
  };
  Domain domain;
  FillRows(
      dataset_, own, needs_, [&](const Draw& draw) { return keyed("cut")(draw.row); }, domain);
  Windows windows;
  std::tie(domain.stored, windows) =
      CropRows(dataset_, domain.records, Pictures(), Augmentation("augment", epoch));
  if (needs_.wrong_images) ReadWrongImages(epoch, domain);
  if (needs_.boxes) domain.boxes = BoxesIn(dataset_, domain.records, windows);
  if (needs_.key_points) domain.key_points = KeyPointsIn(dataset_, domain.records, windows);
  if (embeddings_)
    domain.embeddings = embeddings_->Means(domain.records, needs_.embeddings, keyed("embeddings"));
  return domain;
}

void Loader::Reader::ReadWrongImages(int64_t epoch, Domain& domain) const {
  std::vector<int64_t> wrong;
  for (const int64_t row : domain.records)
    wrong.push_back(WrongRow(dataset_, row, RandomKey(seed_, "wrong", {epoch, row})));
  domain.wrong_stored = CropRows(dataset_, wrong, Pictures(), Augmentation("wrong_augment", epoch)).first;
}

AugmentKey Loader::Reader::Augmentation(const char* purpose, int64_t epoch) const {
  return [=, this](int64_t row) -> std::optional<uint64_t> {
    if (!options_.augment) return std::nullopt;
    return RandomKey(seed_, purpose, {epoch, row});
  };
}

Loader::Loader(std::vector<LoaderSource> sources, LoaderOptions options, int64_t first_step)
    : options_(std::move(options)), next_to_make_(first_step), next_to_give_(first_step) {
  for (const auto& source : sources)
    readers_.push_back(std::make_unique<Reader>(source, options_, std::ssize(readers_)));
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
  Batch batch;
  batch.rows = SplitRows(options_.global_batch, options_.rank, options_.ranks);
  batch.epoch = step / steps_per_epoch();
  batch.step_in_epoch = step % steps_per_epoch();
  batch.domains.clear();
  for (const auto& reader : readers_) batch.domains.push_back(reader->Read(step, batch.rows));
  return batch;
}

int64_t Loader::steps_per_epoch() const {
  int64_t steps = 0;
  for (const auto& reader : readers_) steps = std::max(steps, reader->steps_per_epoch());
  return steps;
}

}  // namespace helio::dataio
