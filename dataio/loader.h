#pragma once
#include <memory>
#include <thread>
#include <vector>

#include "dataio/batch.h"
#include "dataio/sampler.h"
#include "src/base/option_list.h"
#include "src/base/seconds.h"
#include "src/base/tensor.h"

namespace helio::dataio {

struct LoaderOptions {
  int64_t global_batch = 20;
  int64_t batches_per_step = 1;  // of a training step (--accumulate): epochs begin with a step
  uint64_t seed = 1;
  bool augment = true;  // random crop and flip; else the centre crop
  bool flip = true;     // false: the random crop only
  int rank = 0;
  int ranks = 1;
  int workers = 1;
  int prefetch = 4;  // batches that are prepared ahead
  // How long the destructor waits for workers that are reading; after that they are left to themselves.
  double end_seconds = 60;
  // Where the batches are used: for a GPU, pictures are in page-locked memory, from which it copies without
  // blocking the host.
  torch::Device device = torch::kCPU;

  void Declare(OptionList& list);
};

// A data set, and what is read of it.
struct LoaderSource {
  std::shared_ptr<const Dataset> dataset;  // lives until the loader and its last worker have ended
  DomainNeeds needs;
};

// This rank's rows of the global batches from one on, prepared by worker threads ahead of time. Order and
// pixels are functions of (seed, number of the batch) only: not of workers, prefetching, or the number of
// ranks. Of several data sets each runs through its own epochs, and the largest one's are the run's. One
// consumer thread.
class Loader {
 public:
  // At least one source. Throws Error{kUser} where pictures were packed too small or a source lacks what is
  // asked of it, std::system_error where a thread is not to be had.
  Loader(const std::vector<LoaderSource>& sources, LoaderOptions options, int64_t first_batch);
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;
  ~Loader();  // ends although a file system does not answer (LoaderOptions::end_seconds)

  // The next batch, for Upload(); rethrows what a worker threw (damaged data). Throws Error{kSystem} where
  // there is none within the deadline (a file system that does not answer); the destructor then waits for no
  // worker either.
  Batch Next(double deadline_seconds = kForever);
  int64_t ready() const;  // batches that are ready now
  int64_t batches_per_epoch() const;

 private:
  class Reader;  // of one source
  struct State;  // what the workers share
  void EndWorkers();
  const std::shared_ptr<State> state_;
  bool late_ = false;  // a deadline went by
  std::vector<std::thread> workers_;
};

}  // namespace helio::dataio
