#include "cluster/metrics_exporter.h"

#include <microhttpd.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <thread>

#include "cluster/client_places.h"
#include "cluster/listener.h"
#include "src/base/error.h"
#include "src/base/log.h"

namespace helio::cluster {
namespace {

constexpr unsigned kQuietSeconds = 5;         // without a word from a client, then its connection ends
constexpr size_t kBytesOfClient = 16 * 1024;  // of a request; longer ones are refused
constexpr int kPauseMilliseconds = 10;        // before the next try where no client can be accepted

MHD_Result Answer(MHD_Connection* connection, unsigned status, const char* type, const std::string& body) {
  auto* response =
      MHD_create_response_from_buffer(body.size(), const_cast<char*>(body.data()), MHD_RESPMEM_MUST_COPY);
  if (!response) return MHD_NO;
  MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
  MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
  const auto result = MHD_queue_response(connection, status, response);
  MHD_destroy_response(response);
  return result;
}

MHD_Result AnswerMetrics(MHD_Connection* connection, const MetricRegistry& registry) {
  try {
    return Answer(connection, MHD_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8", registry.Serialize());
  } catch (const std::exception& error) {
    return Answer(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "text/plain", error.what());
  }
}

MHD_Result Handle(void* registry, MHD_Connection* connection, const char* path, const char* method,
                  const char*, const char*, size_t*, void**) {
  if (std::string_view(method) != MHD_HTTP_METHOD_GET)
    return Answer(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "text/plain", "GET only\n");
  if (std::string_view(path) == "/healthz") return Answer(connection, MHD_HTTP_OK, "text/plain", "ok\n");
  if (std::string_view(path) == "/metrics")
    return AnswerMetrics(connection, *static_cast<const MetricRegistry*>(registry));
  return Answer(connection, MHD_HTTP_NOT_FOUND, "text/plain", "see /metrics\n");
}

void TellClosed(void* places, MHD_Connection* connection, void**, MHD_ConnectionNotificationCode code) {
  if (code != MHD_CONNECTION_NOTIFY_CLOSED) return;
  const auto* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  if (info) static_cast<ClientPlaces*>(places)->Closed(info->connect_fd);
}

}  // namespace

// Lets clients in, one after the other, and lets libmicrohttpd serve those it has before each: who is ended
// to make room has been read, and answered if there was a request. Its own way of letting clients in would
// spin where the process has no descriptors left, and shut everybody out where all places are taken.
struct MetricsExporter::Server {
  Server(const MetricRegistry& registry, const std::string& address, int port)
      : listener(Listen(address, port)), stop(eventfd(0, EFD_CLOEXEC)) {
    daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET, 0, nullptr, nullptr, &Handle,
                              const_cast<MetricRegistry*>(&registry), MHD_OPTION_CONNECTION_TIMEOUT,
                              kQuietSeconds, MHD_OPTION_CONNECTION_MEMORY_LIMIT, kBytesOfClient,
                              MHD_OPTION_NOTIFY_CONNECTION, &TellClosed, &places, MHD_OPTION_END);
    if (!daemon)
      throw Error(ErrorKind::kSystem, std::string("cannot serve metrics: ") + std::strerror(errno),
                  Endpoint(address, port), "or leave --metrics_port out");
    thread = std::thread([this] { Serve(); });
  }
  ~Server() {
    const uint64_t one = 1;
    if (write(stop.get(), &one, sizeof one) < 0) PLOG(WARNING) << "metrics server";
    thread.join();
    MHD_stop_daemon(daemon);
  }

  void Serve() {
    const int clients = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    while (true) {
      pollfd waits[3] = {{stop.get(), POLLIN, 0}, {clients, POLLIN, 0}, {listener.get(), POLLIN, 0}};
      if (poll(waits, 3, MillisecondsToNextTimeout()) < 0 && errno != EINTR) return;
      if (waits[0].revents) return;
      MHD_run(daemon);
      if (waits[2].revents && !(MakeRoom() && LetOneIn())) poll(waits, 1, kPauseMilliseconds);
    }
  }

  int MillisecondsToNextTimeout() const {
    MHD_UNSIGNED_LONG_LONG milliseconds = 0;
    return MHD_get_timeout(daemon, &milliseconds) == MHD_YES ? static_cast<int>(milliseconds) : -1;
  }

  bool MakeRoom() {
    if (places.FreeOne()) return true;
    places.EndOldest();
    MHD_run(daemon);
    return places.FreeOne();
  }

  // False where a client could not be let in, and the next one could not either.
  bool LetOneIn() {
    sockaddr_storage address = {};
    socklen_t size = sizeof address;
    auto* client = reinterpret_cast<sockaddr*>(&address);
    const int connection = accept4(listener.get(), client, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (connection < 0) return errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM;
    places.Opened(connection);
    // Where it refuses, it has closed the connection without a word.
    if (MHD_add_connection(daemon, connection, client, size) != MHD_YES) places.Closed(connection);
    return true;
  }

  Descriptor listener, stop;
  ClientPlaces places{kClients};
  MHD_Daemon* daemon = nullptr;
  std::thread thread;
};

MetricsExporter::MetricsExporter(const MetricRegistry& registry, const std::string& address, int port)
    : server_(std::make_unique<Server>(registry, address, port)) {}
MetricsExporter::~MetricsExporter() = default;

int MetricsExporter::port() const { return PortOf(server_->listener); }

}  // namespace helio::cluster
