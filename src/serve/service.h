#pragma once
#include <vector>

#include "src/base/json.h"
#include "src/serve/batch_queue.h"
#include "src/serve/http_server.h"
#include "src/serve/rate_limit.h"

namespace helio::serve {

// A drawing system as the server sees it.
class Artist {
 public:
  virtual ~Artist() = default;
  // What it is: "system", "step", "vocabulary".
  virtual Json About() const = 0;
  // Throws RequestError where nothing of the caption can be drawn. Any thread.
  virtual void Check(const DrawRequest& request) const = 0;
  // An answer a request, in order (docs/serve.md). One thread at a time.
  virtual std::vector<Json> Draw(const std::vector<DrawRequest>& requests) = 0;
};

// The page and the JSON API of an artist (docs/serve.md).
class Service {
 public:
  // The artist outlives the service.
  Service(Artist& artist, const ServeOptions& options);
  // Listens; the port. Throws Error{kUser} where it cannot.
  int Start() { return server_.Start(); }
  // Orderly: accepts no more requests, and answers those that have come.
  void Stop();

 private:
  HttpAnswer Draw(const HttpRequest& request);
  HttpAnswer About() const;

  Artist& artist_;
  const ServeOptions options_;
  RateLimit rate_;
  BatchQueue queue_;
  HttpServer server_;  // the last one: its threads use the others
};

}  // namespace helio::serve
