#pragma once
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "src/serve/serve_options.h"

namespace helio::serve {

struct HttpAnswer {
  int status = 200;
  std::string body;
  std::string type = "application/json";
  std::map<std::string, std::string> headers = {};
};

struct HttpRequest {
  std::string body;
  std::string address;  // who asks
};

using HttpHandler = std::function<HttpAnswer(const HttpRequest&)>;

// An HTTP server of a few fixed paths, by cpp-httplib (docs/decisions/0012-page-server.md): a thread a
// connection, a request a connection, both bounded by the options. What a handler throws is answered with 500
// and logged; no request ends the process. Posts are JSON (else 415); pages of other origins are refused
// (403), and where it listens to this machine only, so is every other Host. Ranges are not served.
class HttpServer {
 public:
  explicit HttpServer(const ServeOptions& options);
  ~HttpServer();

  // Before Start. Handlers are called by many threads at once.
  void Get(const std::string& path, HttpHandler handler);
  void Post(const std::string& path, HttpHandler handler);
  // The body of an answer that the server gives by itself (not found, too large, ...).
  void OnError(std::function<std::string(int status)> body);

  // Listens and serves in threads of its own; the port. Throws Error{kUser} where it cannot.
  int Start();
  // Accepts no more connections, and returns when every request is answered.
  void Stop();

 private:
  class Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace helio::serve
