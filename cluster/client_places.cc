#include "cluster/client_places.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>

namespace helio::cluster {

ClientPlaces::ClientPlaces(int count) : count_(static_cast<size_t>(count)) { PutBy(); }

// As many as are missing, if the process has them.
void ClientPlaces::PutBy() {
  while (free_.size() + clients_.size() < count_) {
    Descriptor place(open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (place.get() < 0) return;
    free_.push_back(std::move(place));
  }
}

bool ClientPlaces::MakeRoom(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  PutBy();
  const auto before = clients_.size();
  if (free_.empty() && before > 0) {
    shutdown(clients_.front(), SHUT_RDWR);
    closed_.wait_for(lock, patience, [&] { return clients_.size() < before; });
    return clients_.size() < before;  // the server closes it in a moment: that is the place
  }
  if (!free_.empty()) free_.pop_back();
  return before < count_;
}

void ClientPlaces::Opened(int connection) {
  const std::lock_guard lock(mutex_);
  if (connection >= 0) clients_.push_back(connection);
}

void ClientPlaces::Closed(int connection) {
  const std::lock_guard lock(mutex_);
  std::erase(clients_, connection);
  closed_.notify_all();
}

}  // namespace helio::cluster
