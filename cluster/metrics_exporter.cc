#include "cluster/metrics_exporter.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>

#include "src/base/descriptor.h"
#include "src/base/error.h"
#include "src/base/json.h"

namespace helio::cluster {
namespace {

constexpr size_t kLongestRequest = 8192;
constexpr auto kPatience = std::chrono::seconds(5);  // for one client, reading and writing together

std::string HostName() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 ? name : "localhost";
}

std::string Where(const std::string& address, int port) { return address + ":" + std::to_string(port); }

int Listen(const std::string& address, int port) {
  addrinfo hints = {}, *found = nullptr;
  hints.ai_flags = AI_NUMERICHOST | AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  if (getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found) != 0)
    ThrowUser("is no numeric address", Where(address, port), "127.0.0.1, 0.0.0.0 or ::");
  const int listener = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const bool bound = bind(listener, found->ai_addr, found->ai_addrlen) == 0 && listen(listener, 16) == 0;
  const int reason = errno;
  freeaddrinfo(found);
  if (bound) return listener;
  close(listener);
  ThrowUser(std::strerror(reason), Where(address, port), "choose another --metrics_port");
}

int PortOf(int listener) {
  sockaddr_storage address = {};
  socklen_t size = sizeof address;
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&address);
  const auto* v4 = reinterpret_cast<const sockaddr_in*>(&address);
  return ntohs(address.ss_family == AF_INET6 ? v6->sin6_port : v4->sin_port);
}

// True if `descriptor` became ready before `deadline`.
bool Ready(int descriptor, short events, Clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
  pollfd one{descriptor, events, 0};
  return left > 0 && poll(&one, 1, static_cast<int>(left)) == 1;
}

// The request up to the blank line; empty if the client is too slow or too talkative.
std::string ReadRequest(int client, Clock::time_point deadline) {
  std::string request;
  char piece[1024];
  while (request.size() < kLongestRequest && Ready(client, POLLIN, deadline)) {
    const auto got = recv(client, piece, sizeof piece, 0);
    if (got <= 0) return "";
    request.append(piece, got);
    if (request.find("\r\n\r\n") != std::string::npos) return request;
  }
  return "";
}

void WriteAll(int client, std::string_view text, Clock::time_point deadline) {
  while (!text.empty() && Ready(client, POLLOUT, deadline)) {
    const auto sent = send(client, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN) return;
    if (sent > 0) text.remove_prefix(sent);
  }
}

std::string Response(const std::string& status, const std::string& type, const std::string& body) {
  return "HTTP/1.1 " + status + "\r\nContent-Type: " + type +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" + body;
}

std::string Answer(const MetricRegistry& registry, const std::string& request) {
  const auto line = request.substr(0, request.find("\r\n"));
  const auto first = line.find(' '), second = line.rfind(' ');
  if (first == std::string::npos || second <= first || line.compare(second, 6, " HTTP/") != 0)
    return Response("400 Bad Request", "text/plain", "not HTTP\n");
  if (line.substr(0, first) != "GET") return Response("405 Method Not Allowed", "text/plain", "GET only\n");
  const auto target = line.substr(first + 1, second - first - 1);
  const auto path = target.substr(0, target.find('?'));
  if (path == "/healthz") return Response("200 OK", "text/plain", "ok\n");
  if (path != "/metrics") return Response("404 Not Found", "text/plain", "see /metrics\n");
  return Response("200 OK", "text/plain; version=0.0.4; charset=utf-8", registry.Serialize());
}

}  // namespace

struct MetricsExporter::Server {
  Server(const MetricRegistry& metrics, const std::string& address, int port)
      : registry(metrics), listener(Listen(address, port)), stop(eventfd(0, EFD_CLOEXEC)) {
    thread = std::thread([this] { Serve(); });
  }
  ~Server() {
    const uint64_t one = 1;
    if (write(stop.get(), &one, sizeof one) < 0) PLOG(WARNING) << "metrics server";
    thread.join();
  }

  void Serve() {
    while (true) {
      pollfd waits[2] = {{listener.get(), POLLIN, 0}, {stop.get(), POLLIN, 0}};
      if (poll(waits, 2, -1) < 0 && errno != EINTR) return;
      if (waits[1].revents) return;
      if (!waits[0].revents) continue;
      const Descriptor client(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (client.get() >= 0) ServeOne(client.get());
    }
  }

  void ServeOne(int client) const {
    const auto deadline = Clock::now() + kPatience;
    const auto request = ReadRequest(client, deadline);
    if (!request.empty()) WriteAll(client, Answer(registry, request), deadline);
    shutdown(client, SHUT_WR);
  }

  const MetricRegistry& registry;
  Descriptor listener, stop;
  std::thread thread;
};

MetricsExporter::MetricsExporter(const MetricRegistry& registry, const std::string& address, int port)
    : server_(std::make_unique<Server>(registry, address, port)) {}
MetricsExporter::~MetricsExporter() = default;

int MetricsExporter::port() const { return PortOf(server_->listener.get()); }

std::string ScrapeHost(const std::string& bind) {
  if (bind == "0.0.0.0" || bind == "::") return HostName();
  return bind.find(':') == std::string::npos ? bind : "[" + bind + "]";
}

void WriteScrapeTargets(Communicator& communicator, const std::filesystem::path& path,
                        const std::string& host, int port) {
  const auto addresses = GatherStrings(communicator, Where(host, port), "scrape targets");
  const auto nodes = GatherStrings(communicator, HostName(), "scrape targets");
  if (communicator.rank() != 0) return;
  Json list = Json::array();
  for (size_t rank = 0; rank < addresses.size(); ++rank) {
    Json labels;
    labels["rank"] = std::to_string(rank);
    labels["node"] = nodes[rank];
    Json target;
    target["targets"] = Json::array({addresses[rank]});
    target["labels"] = labels;
    list.push_back(target);
  }
  WriteFileAtomically(path, list.dump(1) + "\n");
}

}  // namespace helio::cluster
