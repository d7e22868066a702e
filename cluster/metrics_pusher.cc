#include "cluster/metrics_pusher.h"

#include <curl/curl.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "src/base/error.h"
#include "src/base/log.h"
#include "src/base/seconds.h"

namespace helio::cluster {
namespace {

constexpr long kPatienceMs = 5000;  // for one request

struct CurlFree {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  void operator()(char* text) const { curl_free(text); }
};

size_t Ignore(char*, size_t size, size_t count, void*) { return size * count; }

// RFC 4648, section 5, without padding.
std::string Base64Url(const std::string& text) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string digits;
  uint32_t bits = 0;
  int count = 0;
  for (const char letter : text) {
    bits = (bits << 8) | static_cast<uint8_t>(letter);
    for (count += 8; count >= 6; count -= 6) digits += kDigits[(bits >> (count - 6)) & 63];
  }
  if (count > 0) digits += kDigits[(bits << (6 - count)) & 63];
  return digits;
}

// A label of the group as parts of the path; a slash within a value would end it.
std::string LabelPath(const std::string& label, const std::string& value) {
  if (value.find('/') != std::string::npos) return "/" + label + "@base64/" + Base64Url(value);
  const std::unique_ptr<char, CurlFree> escaped(
      curl_easy_escape(nullptr, value.c_str(), static_cast<int>(value.size())));
  return "/" + label + "/" + escaped.get();
}

std::string GroupUrl(const std::string& address, const PushGroup& group) {
  if (address.find(':') == std::string::npos || address.find_first_of(" \t") != std::string::npos)
    ThrowUser("is no address", "--push_gateway='" + address + "'",
              "HOST:PORT or a URL, for example 127.0.0.1:9091");
  std::string url = address.find("://") == std::string::npos ? "http://" + address : address;
  while (url.back() == '/') url.pop_back();
  url += "/metrics/job/heliograph" + LabelPath("run", group.run);
  return group.evaluation.empty() ? url : url + LabelPath("evaluation", group.evaluation);
}

// What went wrong with a request, or nothing.
std::string Request(const std::string& url, const char* method, const std::string& body) {
  const std::unique_ptr<CURL, CurlFree> curl(curl_easy_init());
  const std::unique_ptr<curl_slist, CurlFree> headers(
      curl_slist_append(nullptr, "Content-Type: text/plain; version=0.0.4"));
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl.get(), CURLOPT_CUSTOMREQUEST, method);
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, body.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT_MS, kPatienceMs);
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);  // threads
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, &Ignore);
  const CURLcode result = curl_easy_perform(curl.get());
  if (result != CURLE_OK) return curl_easy_strerror(result);
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  return status >= 200 && status < 300 ? "" : "HTTP status " + std::to_string(status);
}

}  // namespace

struct MetricsPusher::State {
  State(const MetricRegistry& metrics, std::string group, double interval)
      : registry(metrics), url(std::move(group)), seconds(interval) {
    thread = std::thread([this] { Loop(); });
  }

  void Loop() {
    std::unique_lock lock(mutex);
    while (!stopped) {
      lock.unlock();
      Push();
      lock.lock();
      wake.wait_for(lock, FromSeconds(seconds), [this] { return stopped; });
    }
  }

  void Stop() {
    {
      const std::lock_guard lock(mutex);
      stopped = true;
    }
    wake.notify_all();
    if (thread.joinable()) thread.join();
  }

  void Push() { Warn(Request(url, "PUT", registry.Serialize())); }

  // One line when the gateway stops to answer and one when it answers again, not one a push.
  bool Warn(const std::string& problem) {
    if (problem.empty() && failing) LOG(INFO) << "push gateway " << url << " answers again";
    if (!problem.empty() && !failing)
      LOG(WARNING) << "push gateway " << url << ": " << problem << "; training goes on";
    failing = !problem.empty();
    return !failing;
  }

  const MetricRegistry& registry;
  const std::string url;
  const double seconds;
  bool stopped = false, failing = false, deleted = false;
  std::mutex mutex;
  std::condition_variable wake;
  std::thread thread;
};

MetricsPusher::MetricsPusher(const MetricRegistry& registry, const std::string& address,
                             const PushGroup& group, double seconds)
    : state_(std::make_unique<State>(registry, GroupUrl(address, group), seconds)) {}

MetricsPusher::~MetricsPusher() {
  state_->Stop();
  if (!state_->deleted) state_->Push();
}

bool MetricsPusher::Delete() {
  state_->Stop();
  state_->deleted = true;
  return state_->Warn(Request(state_->url, "DELETE", ""));
}

}  // namespace helio::cluster
