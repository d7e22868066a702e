#pragma once
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <vector>

#include "src/base/descriptor.h"

namespace helio::cluster {

// File descriptors put by for a server's clients: a process without any left still serves, and however many
// clients come, the process loses no more descriptors to them. Who has been here longest makes room. Made for
// a server that tells when it closes a connection. Thread-safe.
class ClientPlaces {
 public:
  explicit ClientPlaces(int count);

  // Whether a descriptor is free now for one client. If all are taken, ends the oldest client's connection,
  // for which the server then calls Closed, and waits for that, `patience` long.
  bool MakeRoom(std::chrono::milliseconds patience);
  // After MakeRoom: the client's connection, -1 when it was none (its place is kept).
  void Opened(int connection);
  // The server is about to close `connection`. The descriptor is put by again at the next MakeRoom.
  void Closed(int connection);

 private:
  void PutBy();

  std::mutex mutex_;
  std::condition_variable closed_;
  const size_t count_;
  std::vector<Descriptor> free_;
  std::deque<int> clients_;  // oldest first
};

}  // namespace helio::cluster
