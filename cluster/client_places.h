#pragma once
#include <deque>
#include <vector>

#include "src/base/descriptor.h"

namespace helio::cluster {

// File descriptors put by for a server's clients: a process without any left still serves, and however many
// clients come, the process loses no more descriptors to them. Made for a server that tells when it closes a
// connection. Of one thread.
class ClientPlaces {
 public:
  explicit ClientPlaces(int count);

  // Frees one of the descriptors for the next client, who is to come at once: Opened follows. False where
  // all places are taken.
  bool FreeOne();
  // Ends the connection of who has been here longest; its place is free once the server has called Closed.
  void EndOldest();
  // After FreeOne: the client's connection, -1 when it was none (its place is kept).
  void Opened(int connection);
  // The server is about to close `connection`. The descriptor is put by again at the next FreeOne.
  void Closed(int connection);

 private:
  void PutBy();

  const size_t count_;
  std::vector<Descriptor> free_;
  std::deque<int> clients_;  // oldest first
};

}  // namespace helio::cluster
