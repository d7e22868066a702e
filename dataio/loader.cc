#include "dataio/loader.h"

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <variant>

#include "dataio/batch_rows.h"
#include "dataio/embeddings.h"
#include "src/base/error.h"
#include "src/base/random.h"
// clang-format off
#include <c10/core/DeviceGuard.h>
// clang-format on

namespace helio::dataio {
namespace {

void CheckSide(const Dataset& dataset, int64_t side) {
  const auto picture = dataset.Picture(0);
  if (std::min(picture.width, picture.height) < side)
    ThrowUser("pictures were packed with a shorter side of " +
                  std::to_string(std::min(picture.width, picture.height)) + ", training wants " +
                  std::to_string(side),
              "--data", "pack again with --side=" + std::to_string(StoredSide(side)));
}

}  // namespace

void LoaderOptions::Declare(OptionList& list) {
  list.Group("What is trained");
  list.Add("augment", &augment, AnyValue(), "Random crop and flip of training images");
  list.Add("flip", &flip, AnyValue(), "Flip training images at random (with --augment)");
  list.Group("Ranks and machine");
  list.AddOperational("workers", &workers, Between(1, 1024), "Loader threads of a rank");
  list.AddOperational("prefetch", &prefetch, AtLeast(1), "Batches the loader works ahead");
}

// One source's part of a batch.
class Loader::Reader {
 public:
  // The first source's choices are keyed by the run's seed, another's by one of its own.
  Reader(const LoaderSource& source, const LoaderOptions& options, int64_t index)
      : owned_(source.dataset),
        needs_(source.needs),
        options_(options),
        seed_(index == 0 ? options.seed : RandomKey(options.seed, "domain", {index})),
        sampler_(dataset_, options.global_batch, needs_, seed_, options.batches_per_step) {
    if (needs_.sides.empty()) ThrowUser("a system asks for no pictures of '" + needs_.data + "'");
    CheckSide(dataset_, needs_.crop_side());
    if (needs_.captions || needs_.characters > 0) CheckHasCaptions(dataset_);
    if (needs_.embeddings > 0) embeddings_.emplace(dataset_);
    if (needs_.wrong_images) WrongRow(dataset_, 0, seed_);
    if (needs_.boxes || needs_.key_points) dataset_.Region(0);
    if (needs_.key_points && dataset_.key_point_names().empty())
      ThrowUser("has no key points", dataset_.root().string(), "this system needs them, as CUB has them");
  }

  int64_t batches_per_epoch() const { return sampler_.batches_per_epoch(); }
  Domain Read(int64_t number, const RowRange& rows) const;

 private:
  PictureOptions Pictures() const {
    return {needs_.crop_side(), options_.flip, /*pinned=*/options_.device.is_cuda()};
  }
  AugmentKey Augmentation(const char* purpose, int64_t epoch) const;
  void ReadWrongImages(int64_t epoch, Domain& domain) const;

  const std::shared_ptr<const Dataset> owned_;  // a worker left behind reads on
  const Dataset& dataset_ = *owned_;
  const DomainNeeds needs_;
  const LoaderOptions& options_;
  const uint64_t seed_;
  const Sampler sampler_;
  std::optional<Embeddings> embeddings_;
};

Domain Loader::Reader::Read(int64_t number, const RowRange& rows) const {
  const int64_t epoch = sampler_.Pass(number);
  const auto draws = sampler_.Batch(number);
  const auto own = std::span(draws).subspan(static_cast<size_t>(rows.first), static_cast<size_t>(rows.local));
  const auto keyed = [&](const char* purpose) {
    return [=, this](int64_t row) { return RandomKey(seed_, purpose, {epoch, row}); };
  };
  Domain domain;
  FillRows(
      dataset_, own, needs_, [&](const Draw& draw) { return keyed("cut")(draw.row); }, domain);
  auto [stored, windows] = CropRows(dataset_, domain.records, Pictures(), Augmentation("augment", epoch));
  domain.stored = std::move(stored);
  if (needs_.wrong_images) ReadWrongImages(epoch, domain);
  if (needs_.boxes) domain.boxes = BoxesIn(dataset_, domain.records, windows);
  if (needs_.key_points) domain.key_points = KeyPointsIn(dataset_, domain.records, windows);
  if (embeddings_)
    domain.embeddings =
        embeddings_->Means(domain.records, needs_.embeddings, keyed("embeddings"), needs_.embeddings_repeat);
  return domain;
}

void Loader::Reader::ReadWrongImages(int64_t epoch, Domain& domain) const {
  std::vector<int64_t> wrong;
  for (const int64_t row : domain.records)
    wrong.push_back(WrongRow(dataset_, row, RandomKey(seed_, "wrong", {epoch, row})));
  domain.wrong_stored = CropRows(dataset_, wrong, Pictures(), Augmentation("wrong_augment", epoch)).stored;
}

AugmentKey Loader::Reader::Augmentation(const char* purpose, int64_t epoch) const {
  return [=, this](int64_t row) -> std::optional<uint64_t> {
    if (!options_.augment) return std::nullopt;
    return RandomKey(seed_, purpose, {epoch, row});
  };
}

struct Loader::State {
  State(const std::vector<LoaderSource>& sources, LoaderOptions loader_options, int64_t first_batch)
      : options(std::move(loader_options)), next_to_make(first_batch), next_to_give(first_batch) {
    for (const auto& source : sources)
      readers.push_back(std::make_unique<Reader>(source, options, std::ssize(readers)));
  }

  void Work();
  std::variant<Batch, std::exception_ptr> MadeOrThrown(int64_t number) const;
  Batch Make(int64_t number) const;
  int64_t BatchesPerEpoch() const;

  const LoaderOptions options;
  std::vector<std::unique_ptr<Reader>> readers;
  std::mutex mutex;
  std::condition_variable changed;
  int64_t next_to_make, next_to_give;
  std::map<int64_t, Batch> ready;
  std::exception_ptr failure;
  bool stop = false;
  int working = 0;  // workers
};

Loader::Loader(const std::vector<LoaderSource>& sources, LoaderOptions options, int64_t first_batch)
    : state_(std::make_shared<State>(sources, std::move(options), first_batch)) {
  try {
    for (int i = 0; i < std::max(state_->options.workers, 1); ++i)
      workers_.emplace_back([state = state_] { state->Work(); });
  } catch (...) {
    EndWorkers();
    throw;
  }
}

Loader::~Loader() { EndWorkers(); }

void Loader::EndWorkers() {
  auto& s = *state_;
  bool ended = false;
  {
    std::unique_lock lock(s.mutex);
    s.stop = true;
    s.changed.notify_all();
    const std::chrono::duration<double> patience(late_ ? 0 : s.options.end_seconds);
    ended = s.changed.wait_for(lock, patience, [&] { return s.working == 0; });
  }
  for (auto& worker : workers_) ended ? worker.join() : worker.detach();
}

Batch Loader::Next(double deadline_seconds) {
  auto& s = *state_;
  std::unique_lock lock(s.mutex);
  late_ = !s.changed.wait_for(lock, FromSeconds(deadline_seconds),
                              [&] { return s.failure || s.ready.contains(s.next_to_give); });
  if (late_)
    throw Error(ErrorKind::kSystem, "no batch within " + std::to_string(std::lround(deadline_seconds)) + " s",
                "loader",
                "does the file system with the data answer? If it is only slow: --deadline_seconds, "
                "--workers");
  if (!s.ready.contains(s.next_to_give)) std::rethrow_exception(s.failure);
  Batch batch = std::move(s.ready.extract(s.next_to_give++).mapped());
  batch.ready_behind = std::ssize(s.ready);
  s.changed.notify_all();
  return batch;
}

void Loader::State::Work() {
  at::set_num_threads(1);  // of this thread: the cores belong to the networks
  std::unique_lock lock(mutex);
  ++working;
  while (true) {
    changed.wait(lock, [this] { return stop || failure || next_to_make < next_to_give + options.prefetch; });
    if (stop || failure) break;
    const int64_t number = next_to_make++;
    lock.unlock();
    auto made = MadeOrThrown(number);
    lock.lock();
    if (auto* batch = std::get_if<Batch>(&made))
      ready.emplace(number, std::move(*batch));
    else
      failure = std::get<std::exception_ptr>(made);
    changed.notify_all();
  }
  --working;
  changed.notify_all();
}

std::variant<Batch, std::exception_ptr> Loader::State::MadeOrThrown(int64_t number) const {
  try {
    return Make(number);
  } catch (...) {
    return std::current_exception();
  }
}

Batch Loader::State::Make(int64_t number) const {
  torch::NoGradGuard no_grad;
  // Who takes page-locked memory asks which copies out of it are done, if there are any: a thread that has
  // made no device its own asks in a context on GPU 0.
  const c10::DeviceGuard on_device(options.device);
  const int64_t batches = BatchesPerEpoch();
  Batch batch;
  batch.rows = SplitRows(options.global_batch, options.rank, options.ranks);
  batch.epoch = number / batches;
  batch.batch_in_epoch = number % batches;
  batch.domains.clear();
  for (const auto& reader : readers) batch.domains.push_back(reader->Read(number, batch.rows));
  return batch;
}

int64_t Loader::State::BatchesPerEpoch() const {
  int64_t batches = 0;
  for (const auto& reader : readers) batches = std::max(batches, reader->batches_per_epoch());
  return batches;
}

int64_t Loader::ready() const {
  const std::lock_guard lock(state_->mutex);
  return state_->ready.contains(state_->next_to_give) ? std::ssize(state_->ready) : 0;
}

int64_t Loader::batches_per_epoch() const { return state_->BatchesPerEpoch(); }

}  // namespace helio::dataio
