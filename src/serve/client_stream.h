#pragma once
#include <httplib.h>

#include <array>
#include <atomic>
#include <chrono>

#include "src/base/seconds.h"

namespace helio::serve {

// What one client may take of the server.
struct ClientBounds {
  std::chrono::seconds silence{10};  // until its request is there; as long again for each part of the answer
  size_t bytes = 1 << 16;            // of its request, headers included
};

// A connection that no client can hold for long: its whole request must be there in time and be of bounded
// size, and it must take its answer. The library's own stream waits for each byte anew, and reads header
// lines of any length.
class ClientStream : public httplib::Stream {
 public:
  // `stopping`: a client that has not begun to speak is let go when it becomes true.
  ClientStream(int connection, const ClientBounds& bounds, const std::atomic<bool>& stopping);

  bool is_readable() const override;
  bool is_writable() const override;
  ssize_t read(char* to, size_t size) override;
  ssize_t write(const char* from, size_t size) override;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  socket_t socket() const override { return connection_; }

  // Ends the connection so that the client reads the answer to its end, even where it has said more than was
  // read.
  void End();

 private:
  bool Wait(short events, Clock::time_point until) const;

  const int connection_;
  const ClientBounds bounds_;
  const std::atomic<bool>& stopping_;
  const Clock::time_point request_until_;
  Clock::time_point answer_until_{};  // from the first write on
  size_t received_ = 0;
  std::array<char, 4096> buffer_{};
  size_t begin_ = 0, end_ = 0;  // what of it is not read yet
};

}  // namespace helio::serve
