#pragma once
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "dataio/batch.h"
#include "dataio/sampler.h"
#include "src/base/tensor.h"

namespace helio::dataio {

struct LoaderOptions {
  int64_t global_batch = 20;
  int64_t words = 18;
  std::vector<int64_t> sides = {64, 128, 256};  // of the pictures, smallest first
  uint64_t seed = 1;
  bool augment = true;  // random crop and flip; else the centre crop
  bool flip = true;     // false: the random crop only
  int rank = 0;
  int ranks = 1;
  int workers = 1;
  int prefetch = 4;     // batches worked ahead
  bool pinned = false;  // pictures in page-locked memory, so that they are copied to a GPU in the background
};

// This rank's rows of the global batches from a step on, prepared by worker threads ahead of time. Order and
// pixels are functions of (seed, step) only: not of workers, prefetching, or the number of ranks. One
// consumer thread.
class Loader {
 public:
  // `dataset` must outlive the loader. Throws Error{kUser} where pictures were packed too small.
  Loader(const Dataset& dataset, LoaderOptions options, int64_t first_step);
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;
  ~Loader();

  // The next batch, for Upload(); rethrows what a worker met (damaged data).
  Batch Next();
  int64_t steps_per_epoch() const { return sampler_.steps_per_epoch(); }

 private:
  void Work();
  Batch Make(int64_t step) const;
  void FillImages(Batch& batch) const;

  const Dataset& dataset_;
  const LoaderOptions options_;
  const Sampler sampler_;

  std::mutex mutex_;
  std::condition_variable changed_;
  int64_t next_to_make_, next_to_give_;
  std::map<int64_t, Batch> ready_;
  std::exception_ptr failure_;
  bool stop_ = false;
  std::vector<std::thread> workers_;
};

// What an evaluation looks at: `count` draws over the rows in a shuffled order, again and again, each with a
// caption of its own; a pure function of its arguments.
std::vector<Draw> EvaluationDraws(const Dataset& dataset, int64_t count, int64_t words, uint64_t seed);

// Those draws as a batch of their own (rows {0, n, n}), in the given order, centre crops.
Batch EvaluationBatch(const Dataset& dataset, std::span<const Draw> draws, int64_t words,
                      const std::vector<int64_t>& sides, uint64_t seed);

// Captions as tensors: {B, words} ids padded with 0, and {B} lengths.
std::pair<torch::Tensor, torch::Tensor> PadCaptions(const std::vector<std::vector<int32_t>>& captions,
                                                    int64_t words);

// Moves a batch to `device` and fills `images` there from `pictures`, which are let go: one byte a value goes
// over the bus; mirroring and scaling are the device's work.
void Upload(Batch& batch, const std::vector<int64_t>& sides, torch::Device device, torch::Dtype dtype);

// 8-bit pictures {B, 3, s, s} of the largest side to `sides`, float32 in [-1, 1], antialiased as Pillow's
// resize, on the device of the pictures.
std::vector<torch::Tensor> Pyramid(const torch::Tensor& pictures, const std::vector<int64_t>& sides);

}  // namespace helio::dataio
