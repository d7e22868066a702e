#include "src/serve/client_stream.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace helio::serve {
namespace {

using namespace std::chrono_literals;

constexpr int kAnswerParts = 6;  // times the silence that an answer may take altogether

void AddressOf(const sockaddr_storage& address, std::string& ip, int& port) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.ss_family == AF_INET6) {
    const auto& six = reinterpret_cast<const sockaddr_in6&>(address);
    inet_ntop(AF_INET6, &six.sin6_addr, text.data(), text.size());
    port = ntohs(six.sin6_port);
  } else {
    const auto& four = reinterpret_cast<const sockaddr_in&>(address);
    inet_ntop(AF_INET, &four.sin_addr, text.data(), text.size());
    port = ntohs(four.sin_port);
  }
  ip = text.data();
}

}  // namespace

ClientStream::ClientStream(int connection, const ClientBounds& bounds, const std::atomic<bool>& stopping)
    : connection_(connection),
      bounds_(bounds),
      stopping_(stopping),
      request_until_(Clock::now() + bounds.silence) {}

// In short turns: the server may want to end.
bool ClientStream::Wait(short events, Clock::time_point until) const {
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now());
    if (left <= 0ms || (events == POLLIN && received_ == 0 && stopping_)) return false;
    pollfd wanted{connection_, events, 0};
    const int ready = poll(&wanted, 1, static_cast<int>(std::min(left, 100ms).count()));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

bool ClientStream::is_readable() const { return begin_ < end_ || Wait(POLLIN, request_until_); }

bool ClientStream::is_writable() const { return Wait(POLLOUT, Clock::now() + bounds_.silence); }

ssize_t ClientStream::read(char* to, size_t size) {
  if (begin_ == end_) {
    const size_t most = std::min(buffer_.size(), bounds_.bytes - received_);
    if (most == 0 || !Wait(POLLIN, request_until_)) return -1;
    const ssize_t got = recv(connection_, buffer_.data(), most, 0);
    if (got <= 0) return got;
    received_ += static_cast<size_t>(got);
    begin_ = 0;
    end_ = static_cast<size_t>(got);
  }
  const size_t count = std::min(size, end_ - begin_);
  std::copy_n(buffer_.data() + begin_, count, to);
  begin_ += count;
  return static_cast<ssize_t>(count);
}

ssize_t ClientStream::write(const char* from, size_t size) {
  if (answer_until_ == Clock::time_point{}) answer_until_ = Clock::now() + kAnswerParts * bounds_.silence;
  if (!Wait(POLLOUT, std::min(answer_until_, Clock::now() + bounds_.silence))) return -1;
  return send(connection_, from, size, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void ClientStream::get_remote_ip_and_port(std::string& ip, int& port) const {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getpeername(connection_, reinterpret_cast<sockaddr*>(&address), &size) == 0)
    AddressOf(address, ip, port);
}

void ClientStream::get_local_ip_and_port(std::string& ip, int& port) const {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getsockname(connection_, reinterpret_cast<sockaddr*>(&address), &size) == 0)
    AddressOf(address, ip, port);
}

// A connection that is closed with bytes unread is reset, and the answer may be lost on the way.
void ClientStream::End() {
  ::shutdown(connection_, SHUT_WR);
  const auto until = answer_until_ == Clock::time_point{} ? Clock::now() : Clock::now() + 2s;
  size_t dropped = 0;
  constexpr size_t kMost = 16 << 20;
  while (dropped < kMost && !stopping_ && Wait(POLLIN, until)) {
    const ssize_t got = recv(connection_, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (got <= 0) break;
    dropped += static_cast<size_t>(got);
  }
  ::close(connection_);
}

}  // namespace helio::serve
