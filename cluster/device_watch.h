#pragma once
#include <functional>
#include <memory>

#include "cluster/pending.h"
#include "cluster/world.h"

namespace helio::cluster {

// Polls watches every few milliseconds in a thread of its own, so that a call of the device's driver that
// does not return holds up nobody else. Thread-safe.
class DeviceWatch {
 public:
  // `failed` is called in that thread while the exception that a watch threw is being handled.
  DeviceWatch(c10::Device device, std::function<void()> failed);
  ~DeviceWatch() { Stop(); }
  DeviceWatch(const DeviceWatch&) = delete;
  DeviceWatch& operator=(const DeviceWatch&) = delete;

  // `watch` is called again and again until it returns false. The first one starts the thread.
  void Add(std::function<bool()> watch);
  // How long the round that is under way has taken; 0 between two.
  double StuckSeconds() const;
  // Ends the thread; one that is stuck is left behind. Local.
  void Stop();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace helio::cluster
