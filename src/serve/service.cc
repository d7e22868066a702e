#include "src/serve/service.h"

#include <chrono>
#include <cmath>

#include "src/base/log.h"
#include "src/serve/page_text.h"
#include "src/serve/request_error.h"

namespace helio::serve {
namespace {

std::string ErrorBody(const std::string& code, const std::string& message) {
  return JsonText({{"error", {{"code", code}, {"message", message}}}});
}

// Of what the HTTP library refuses by itself.
std::string OwnError(int status) {
  switch (status) {
    case 404:
      return ErrorBody("not_found", "there is no such path or method: GET /, GET /api/model, POST /api/draw");
    case 403:
      return ErrorBody("foreign",
                       "the request is a page's of elsewhere: its Host or Origin is not this server's");
    case 415:
      return ErrorBody("not_json", "the request's Content-Type must be application/json");
    case 413:
      return ErrorBody("too_large", "the request is larger than --body_bytes allows, or broke off");
    case 500:
      return ErrorBody("internal", "the server failed; its log says why");
    default:
      return ErrorBody("bad_request", "the request is no valid HTTP");
  }
}

double Now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

HttpHandler File(const char* text, const char* type) {
  return [=](const HttpRequest&) { return HttpAnswer{200, text, type}; };
}

}  // namespace

Service::Service(Artist& artist, const ServeOptions& options)
    : artist_(artist),
      options_(options),
      rate_(static_cast<double>(options.requests_per_minute)),
      queue_([&artist](const auto& requests) { return artist.Draw(requests); }, options.together,
             options.waiting),
      server_(options) {
  server_.Get("/", File(kPageHtml, "text/html; charset=utf-8"));
  server_.Get("/style.css", File(kPageStyle, "text/css; charset=utf-8"));
  server_.Get("/page.js", File(kPageScript, "text/javascript; charset=utf-8"));
  server_.Get("/api/model", [this](const HttpRequest&) { return About(); });
  server_.Post("/api/draw", [this](const HttpRequest& request) { return Draw(request); });
  server_.OnError(&OwnError);
}

void Service::Stop() {
  server_.Stop();
  queue_.Close();
}

HttpAnswer Service::About() const {
  auto about = artist_.About();
  about["limits"] = {{"caption_bytes", options_.caption_bytes},
                     {"pictures", options_.pictures},
                     {"requests_per_minute", options_.requests_per_minute},
                     {"body_bytes", options_.body_bytes},
                     {"waiting", options_.waiting}};
  return {200, JsonText(about)};
}

HttpAnswer Service::Draw(const HttpRequest& asked) {
  try {
    const auto request = ReadDrawRequest(asked.body, options_);
    artist_.Check(request);
    if (const double wait = rate_.Admit(asked.address, Now()); wait > 0)
      return {429,
              ErrorBody("too_often",
                        std::to_string(options_.requests_per_minute) + " drawings a minute are allowed"),
              "application/json",
              {{"Retry-After", std::to_string(static_cast<int64_t>(std::ceil(wait)))}}};
    return {200, JsonText(queue_.Answer(request))};
  } catch (const RequestError& error) {
    return {error.status(), ErrorBody(error.code(), error.what())};
  }
}

}  // namespace helio::serve
