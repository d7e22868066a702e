#include "cluster/listener.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "src/base/error.h"
#include "src/base/file_system.h"

namespace helio::cluster {
namespace {

constexpr int kSilenceSeconds = 5;

}  // namespace

std::string Endpoint(const std::string& address, int port) { return address + ":" + std::to_string(port); }

Descriptor Listen(const std::string& address, int port) {
  addrinfo hints = {}, *found = nullptr;
  hints.ai_flags = AI_NUMERICHOST | AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  if (getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found) != 0)
    ThrowUser("is no numeric address", Endpoint(address, port), "127.0.0.1, 0.0.0.0 or ::");
  Descriptor listener(socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (listener.get() < 0) {  // a host without IPv6, or without any more files
    const int reason = errno;
    freeaddrinfo(found);
    throw ErrorOfErrno(reason, Endpoint(address, port), "no socket is to be had");
  }
  const int on = 1;
  setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(listener.get(), IPPROTO_TCP, TCP_DEFER_ACCEPT, &kSilenceSeconds, sizeof kSilenceSeconds);
  const bool bound =
      bind(listener.get(), found->ai_addr, found->ai_addrlen) == 0 && listen(listener.get(), SOMAXCONN) == 0;
  const int reason = errno;
  freeaddrinfo(found);
  if (!bound) ThrowUser(std::strerror(reason), Endpoint(address, port), "choose another --metrics_port");
  return listener;
}

int PortOf(const Descriptor& listener) {
  sockaddr_storage address = {};
  socklen_t size = sizeof address;
  getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size);
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&address);
  const auto* v4 = reinterpret_cast<const sockaddr_in*>(&address);
  return ntohs(address.ss_family == AF_INET6 ? v6->sin6_port : v4->sin_port);
}

}  // namespace helio::cluster
