#pragma once
#include <functional>

#include "src/recipes/system.h"
#include "src/train/trainer.h"

namespace helio::train {

// While it lives, the parts whose parameters have a moving average hold it, with the buffers that belong to
// it; then everything is as it was, also after an exception. Local; one at a time.
class [[nodiscard]] AveragedView {
 public:
  // `refresh`, called once the averages are in, brings the buffers to them (re-estimated batch norm); empty:
  // the live buffers, as published.
  AveragedView(const recipes::System& system, Trainer& trainer, const std::function<void()>& refresh);
  AveragedView(const AveragedView&) = delete;
  AveragedView& operator=(const AveragedView&) = delete;
  ~AveragedView();

  // Copies of those parts' buffers as they are now.
  NamedTensors Buffers() const;

 private:
  class KeptBuffers {
   public:
    explicit KeptBuffers(NamedTensors live);
    ~KeptBuffers();  // puts them back
    const NamedTensors live;

   private:
    NamedTensors kept_;
  };

  // In this order: the parameters go back before the buffers do.
  const KeptBuffers buffers_;
  const Trainer::UseAverages averages_;
};

}  // namespace helio::train
