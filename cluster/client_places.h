#pragma once
#include <deque>
#include <vector>

#include "src/base/descriptor.h"

namespace helio::cluster {

// File descriptors reserved for a server's clients: a process that has none left still serves, and however
// many clients come, it loses no more descriptors to them. For a server that says when it closes a
// connection. One thread.
class ClientPlaces {
 public:
  explicit ClientPlaces(int count);

  // Frees one reserved descriptor for the next client, who is accepted at once: Opened follows. False where
  // all places are taken.
  bool FreeOne();
  // Shuts down the oldest client's connection; its place is free once the server has called Closed.
  void EndOldest();
  // After FreeOne: the client's connection; -1: nobody was accepted, and the place is kept.
  void Opened(int connection);
  // The server is about to close `connection`. Its descriptor is reserved again at the next FreeOne.
  void Closed(int connection);

 private:
  void Reserve();

  const size_t count_;
  std::vector<Descriptor> free_;
  std::deque<int> clients_;  // oldest first
};

}  // namespace helio::cluster
