#include "cluster/metrics_pusher.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <mutex>
#include <thread>

#include "src/base/error.h"

namespace helio::cluster {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

// A gateway that answers every request with `status` and remembers it. Its clients send small requests.
class FakeGateway {
 public:
  explicit FakeGateway(const std::string& status) : status_(status) {
    listener_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
    listen(listener_, 8);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Serve(); });
  }
  ~FakeGateway() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  std::vector<std::string> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  void WaitFor(size_t count) const {
    for (int i = 0; i < 500 && requests().size() < count; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }

 private:
  void Serve() {
    for (int client; (client = accept(listener_, nullptr, nullptr)) >= 0; close(client)) {
      Remember(Receive(client));  // before the answer: who has it may look at once
      const std::string answer = "HTTP/1.1 " + status_ + "\r\nContent-Length: 0\r\n\r\n";
      send(client, answer.data(), answer.size(), MSG_NOSIGNAL);
    }
  }

  // Head and body may come in pieces.
  static std::string Receive(int client) {
    std::string request, piece(65536, '\0');
    while (!IsWhole(request)) {
      const auto size = recv(client, piece.data(), piece.size(), 0);
      if (size <= 0) break;
      request.append(piece, 0, static_cast<size_t>(size));
    }
    return request;
  }

  static bool IsWhole(const std::string& request) {
    const auto end = request.find("\r\n\r\n"), length = request.find("Content-Length: ");
    if (end == std::string::npos) return false;
    return length > end || request.size() >= end + 4 + std::stoul(request.substr(length + 16));
  }

  void Remember(const std::string& request) {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
  }

  const std::string status_;
  int listener_ = -1, port_ = 0;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

TEST(MetricsPusherTest, PushesAtOnceAgainAndAtTheEnd) {
  MetricRegistry registry;
  const auto step = registry.AddGauge("helio_step", "Step");
  step.Set(3);
  const FakeGateway gateway("200 OK");
  {
    const MetricsPusher pusher(registry, gateway.address(), {"my run"}, 0.05);
    gateway.WaitFor(2);
    step.Set(4);
  }
  const auto requests = gateway.requests();
  ASSERT_GE(requests.size(), 3u);
  EXPECT_THAT(requests.front(), StartsWith("PUT /metrics/job/heliograph/run/my%20run HTTP/1.1\r\n"));
  EXPECT_THAT(requests.front(), HasSubstr("helio_step 3\n"));
  EXPECT_THAT(requests.back(), HasSubstr("helio_step 4\n"));
}

TEST(MetricsPusherTest, DeletesItsGroupAndPushesNoMore) {
  MetricRegistry registry;
  const FakeGateway gateway("202 Accepted");
  {
    MetricsPusher pusher(registry, "http://" + gateway.address() + "/", {"r"}, 1000);
    gateway.WaitFor(1);
    EXPECT_TRUE(pusher.Delete());
  }
  const auto requests = gateway.requests();
  ASSERT_THAT(requests, SizeIs(2));
  EXPECT_THAT(requests.back(), StartsWith("DELETE /metrics/job/heliograph/run/r HTTP/1.1\r\n"));
}

TEST(MetricsPusherTest, EvaluationsOfARunAreGroupsOfTheirOwn) {
  MetricRegistry registry;
  const FakeGateway gateway("200 OK");
  for (const auto* name : {"final", "/a/x", "/a/xy", "/a/xyz"}) {
    const MetricsPusher pusher(registry, gateway.address(), {"r", name}, 1000);
    gateway.WaitFor(1);
  }
  const auto requests = gateway.requests();
  const std::string group = "PUT /metrics/job/heliograph/run/r/evaluation";
  EXPECT_THAT(requests, ::testing::Contains(StartsWith(group + "/final HTTP/1.1\r\n")));
  for (const auto* path : {"L2EveA", "L2EveHk", "L2EveHl6"})
    EXPECT_THAT(requests, ::testing::Contains(StartsWith(group + "@base64/" + path + " HTTP/1.1\r\n")));
}

TEST(MetricsPusherTest, TellsThatTheGatewayRefused) {
  MetricRegistry registry;
  const FakeGateway gateway("500 Internal Server Error");
  MetricsPusher pusher(registry, gateway.address(), {"r"}, 1000);
  EXPECT_FALSE(pusher.Delete());
}

TEST(MetricsPusherTest, NobodyThereIsNoError) {
  MetricRegistry registry;
  const auto begin = std::chrono::steady_clock::now();
  { const MetricsPusher pusher(registry, "127.0.0.1:9", {"r"}, 1000); }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

TEST(MetricsPusherTest, RefusesWhatIsNoAddress) {
  MetricRegistry registry;
  EXPECT_THROW(MetricsPusher(registry, "gateway", {"r"}), Error);
  EXPECT_THROW(MetricsPusher(registry, "a b:1", {"r"}), Error);
}

}  // namespace
}  // namespace helio::cluster
