#include "src/serve/http_server.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>
#include <thread>

#include "src/base/error.h"
#include "src/base/log.h"
#include "src/base/text_list.h"
#include "src/serve/client_stream.h"

namespace helio::serve {
namespace {

constexpr size_t kHeaderBytes = 32 << 10;
constexpr int kBacklog = 128;

// Nothing of the page comes from elsewhere, and no other page may frame it.
const httplib::Headers kHeaders{
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
     "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cache-Control", "no-store"}};

void Give(const HttpAnswer& answer, httplib::Response& response) {
  response.status = answer.status;
  for (const auto& [name, value] : answer.headers) response.set_header(name.c_str(), value);
  response.set_content(answer.body, answer.type.c_str());
}

// Without the port.
std::string NameIn(std::string host) {
  if (const auto scheme = host.find("://"); scheme != std::string::npos) host.erase(0, scheme + 3);
  const auto port = host.find(':', host.starts_with('[') ? host.find(']') : 0);
  return host.substr(0, port);
}

bool IsOfThisMachine(const std::string& name) {
  in_addr address{};
  const bool loopback = inet_pton(AF_INET, name.c_str(), &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
  return loopback || name == "localhost" || name == "::1" || name == "[::1]";
}

// Whether a request may name it as its Host: empty where that is any.
using Admits = std::function<bool(const std::string& host)>;

Admits HostsOf(const ServeOptions& options) {
  if (options.host.empty() && !IsOfThisMachine(options.address)) return {};
  return [names = Split(options.host)](const std::string& host) {
    return IsOfThisMachine(host) || std::ranges::find(names, host) != names.end();
  };
}

// The HTTP status that refuses a request of another site's page; 0: nothing is wrong. Such a site may have
// pointed its own name at this machine (DNS rebinding: then the Host is not this machine's), and its page may
// send forms without asking (then the body is no JSON).
int Refusal(const httplib::Request& request, const Admits& admits) {
  const auto host = NameIn(request.get_header_value("Host"));
  if (admits && !host.empty() && !admits(host)) return 403;  // a browser always says one
  if (request.method != "POST") return 0;
  const auto origin = NameIn(request.get_header_value("Origin"));
  // A web server in front may say its own name and pass the browser's Origin on.
  if (!origin.empty() && origin != host && !(admits && admits(origin))) return 403;
  return request.get_header_value("Content-Type").starts_with("application/json") ? 0 : 415;
}

HttpRequest RequestOf(const httplib::Request& request) { return {"", request.remote_addr}; }

// In place of the library's own options, which let two servers share a port.
void ReuseAddress(socket_t listener) {
  const int yes = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
}

// The answer where a handler has thrown.
void OwnFault(const httplib::Request& request, httplib::Response& response, std::exception_ptr thrown) {
  response.status = 500;
  try {
    std::rethrow_exception(std::move(thrown));
  } catch (const std::exception& error) {
    LOG(ERROR) << request.method << " " << request.path << ": " << error.what();
  } catch (...) {
    LOG(ERROR) << request.method << " " << request.path << ": an unknown error";
  }
}

}  // namespace

// cpp-httplib's server with connections that are bounded as a whole.
class BoundedServer : public httplib::Server {
 public:
  explicit BoundedServer(const ClientBounds& bounds) : bounds_(bounds) {}
  void QueueUp() { ::listen(svr_sock_, kBacklog); }  // the library's own backlog is 5
  std::atomic<bool> stopping = false;

 private:
  bool process_and_close_socket(socket_t connection) override {
    ClientStream stream(connection, bounds_, stopping);
    bool closed = false;
    if (stream.is_readable()) process_request(stream, /*close_connection=*/true, closed, nullptr);
    stream.End();
    return true;
  }

  const ClientBounds bounds_;
};

class HttpServer::Impl {
 public:
  explicit Impl(const ServeOptions& options)
      : options_(options), server_({std::chrono::seconds(options.silence), kHeaderBytes + BodyBytes()}) {
    server_.new_task_queue = [count = static_cast<size_t>(options.clients)] {
      return new httplib::ThreadPool(count);
    };
    server_.set_socket_options(&ReuseAddress);
    server_.set_payload_max_length(BodyBytes());
    server_.set_default_headers(kHeaders);
    server_.set_pre_routing_handler([admits = HostsOf(options)](const auto& request, auto& response) {
      // The library would answer with as many copies of the body as ranges are asked for.
      const_cast<httplib::Request&>(request).ranges.clear();
      response.status = Refusal(request, admits);
      if (response.status != 0) return httplib::Server::HandlerResponse::Handled;
      response.status = -1;
      return httplib::Server::HandlerResponse::Unhandled;
    });
    server_.set_exception_handler(&OwnFault);
  }

  httplib::Server& server() { return server_; }
  size_t BodyBytes() const { return static_cast<size_t>(options_.body_bytes); }
  void Listen();
  void Stop();

  // The body as far as it is allowed: also what is sent in chunks or packed is counted.
  bool ReadBody(const httplib::ContentReader& reader, std::string& body) const {
    bool fits = true;
    const bool whole = reader([&](const char* data, size_t size) {
      fits = body.size() + size <= BodyBytes();
      if (fits) body.append(data, size);
      return fits;
    });
    return fits && whole;
  }

  int port = 0;

 private:
  const ServeOptions options_;
  BoundedServer server_;
  std::thread thread_;
};

void HttpServer::Impl::Listen() {
  const auto where = "--address=" + options_.address + " --port=" + std::to_string(options_.port);
  const bool any = options_.port == 0;
  port = any ? server_.bind_to_any_port(options_.address) : static_cast<int>(options_.port);
  const bool bound = any ? port > 0 : server_.bind_to_port(options_.address, port);
  if (!bound && (any || httplib::Server().bind_to_any_port(options_.address) <= 0))
    ThrowUser("is no address of this machine", "--address=" + options_.address,
              "127.0.0.1 for itself alone, 0.0.0.0 for all");
  if (!bound) ThrowUser("cannot be listened at", where, "is it in use? --port=0 takes a free one");
  server_.QueueUp();
  thread_ = std::thread([this] { server_.listen_after_bind(); });
  while (!server_.is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

void HttpServer::Impl::Stop() {
  if (!thread_.joinable()) return;
  server_.stopping = true;
  server_.stop();
  thread_.join();
}

HttpServer::HttpServer(const ServeOptions& options) : impl_(std::make_unique<Impl>(options)) {}
HttpServer::~HttpServer() { Stop(); }

void HttpServer::Get(const std::string& path, HttpHandler handler) {
  impl_->server().Get(path, [handler = std::move(handler)](const auto& request, auto& response) {
    Give(handler(RequestOf(request)), response);
  });
}

void HttpServer::Post(const std::string& path, HttpHandler handler) {
  impl_->server().Post(path, [this, handler = std::move(handler)](const auto& request, auto& response,
                                                                  const httplib::ContentReader& reader) {
    auto asked = RequestOf(request);
    if (impl_->ReadBody(reader, asked.body))
      Give(handler(asked), response);
    else
      response.status = 413;
  });
}

void HttpServer::OnError(std::function<std::string(int status)> body) {
  impl_->server().set_error_handler(
      [body = std::move(body)](const httplib::Request&, httplib::Response& response) {
        if (response.body.empty()) response.set_content(body(response.status), "application/json");
      });
}

int HttpServer::Start() {
  impl_->Listen();
  return impl_->port;
}
void HttpServer::Stop() { impl_->Stop(); }

}  // namespace helio::serve
