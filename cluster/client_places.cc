#include "cluster/client_places.h"

#include <fcntl.h>
#include <sys/socket.h>

namespace helio::cluster {

ClientPlaces::ClientPlaces(int count) : count_(static_cast<size_t>(count)) { Reserve(); }

// Fills up to `count_` descriptors, as far as the process has them.
void ClientPlaces::Reserve() {
  while (free_.size() + clients_.size() < count_) {
    Descriptor place(open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (place.get() < 0) return;
    free_.push_back(std::move(place));
  }
}

bool ClientPlaces::FreeOne() {
  Reserve();
  if (!free_.empty()) free_.pop_back();
  return clients_.size() < count_;  // where none is reserved, one may still be free in the process
}

void ClientPlaces::EndOldest() {
  if (!clients_.empty()) shutdown(clients_.front(), SHUT_RDWR);
}

void ClientPlaces::Opened(int connection) {
  if (connection >= 0) clients_.push_back(connection);
}

void ClientPlaces::Closed(int connection) { std::erase(clients_, connection); }

}  // namespace helio::cluster
