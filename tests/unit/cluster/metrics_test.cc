#include "cluster/metrics.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cluster/metrics_exporter.h"
#include "cluster/thread_communicator.h"
#include "src/base/error.h"
#include "src/base/json.h"

namespace helio::cluster {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(MetricRegistryTest, SerializesWhatWasRecorded) {
  MetricRegistry registry;
  registry.AddCounter("helio_images_total", "Images seen").Add(3);
  registry.AddCounter("helio_images_total", "Images seen").Add(4);
  registry.AddGauge("helio_loss", "Loss", {{"phase", "g"}, {"term", "kl"}}).Set(1.5);
  registry.AddHistogram("helio_step_seconds", "Step", {}, {0.1, 1}).Observe(0.5);
  const auto text = registry.Serialize();
  EXPECT_THAT(text, HasSubstr("# TYPE helio_images_total counter\nhelio_images_total 7\n"));
  EXPECT_THAT(text, HasSubstr("helio_loss{phase=\"g\",term=\"kl\"} 1.5"));
  EXPECT_THAT(text, HasSubstr("helio_step_seconds_bucket{le=\"0.1\"} 0"));
  EXPECT_THAT(text, HasSubstr("helio_step_seconds_bucket{le=\"1\"} 1"));
  Counter().Add();  // a handle to nothing is harmless
}

int Connect(int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int client = socket(AF_INET, SOCK_STREAM, 0);
  EXPECT_EQ(connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  return client;
}

std::string Ask(int port, const std::string& request) {
  const int client = Connect(port);
  EXPECT_EQ(send(client, request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
  std::string answer;
  char piece[4096];
  while (true) {
    const auto got = recv(client, piece, sizeof piece, 0);
    if (got <= 0) break;
    answer.append(piece, got);
  }
  close(client);
  return answer;
}

TEST(MetricsExporterTest, ServesMetricsAndRefusesTheRest) {
  MetricRegistry registry;
  registry.AddGauge("helio_up", "Up").Set(1);
  MetricsExporter exporter(registry, "127.0.0.1", 0);
  const auto good = Ask(exporter.port(), "GET /metrics?x=1 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(good, StartsWith("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4"));
  EXPECT_THAT(good, HasSubstr("helio_up 1\n"));
  EXPECT_THAT(Ask(exporter.port(), "GET /healthz HTTP/1.1\r\n\r\n"), HasSubstr("ok"));
  EXPECT_THAT(Ask(exporter.port(), "GET /etc/passwd HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(Ask(exporter.port(), "POST /metrics HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 405"));
  EXPECT_THAT(Ask(exporter.port(), "rubbish\r\n\r\n"), StartsWith("HTTP/1.1 400"));
  EXPECT_EQ(Ask(exporter.port(), std::string(8192, 'x')), "") << "a talkative client got an answer";
}

TEST(MetricsExporterTest, AStuckClientDoesNotStopItForEver) {
  MetricRegistry registry;
  MetricsExporter exporter(registry, "127.0.0.1", 0);
  const int idle = Connect(exporter.port());
  close(idle);
  EXPECT_THAT(Ask(exporter.port(), "GET /healthz HTTP/1.1\r\n\r\n"), HasSubstr("ok"));
}

TEST(MetricsExporterTest, SaysThatThePortIsTaken) {
  MetricRegistry registry;
  MetricsExporter exporter(registry, "127.0.0.1", 0);
  try {
    MetricsExporter second(registry, "127.0.0.1", exporter.port());
    FAIL() << "bound twice";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("127.0.0.1:" + std::to_string(exporter.port())));
  }
  EXPECT_THROW(MetricsExporter(registry, "not-an-address", 0), Error);
}

TEST(MetricsExporterTest, StartsAndStopsManyTimes) {
  MetricRegistry registry;
  for (int i = 0; i < 100; ++i) MetricsExporter exporter(registry, "127.0.0.1", 0);
}

std::string HostName() {
  char name[256] = {};
  gethostname(name, sizeof name - 1);
  return name;
}

TEST(ScrapeTargetsTest, NamesTheHostWhereTheAddressIsAny) {
  EXPECT_EQ(ScrapeHost("0.0.0.0"), HostName());
  EXPECT_EQ(ScrapeHost("::"), HostName());
  EXPECT_EQ(ScrapeHost("127.0.0.1"), "127.0.0.1");
  EXPECT_EQ(ScrapeHost("fe80::1"), "[fe80::1]");
}

TEST(ScrapeTargetsTest, ListsEveryRank) {
  const auto path =
      std::filesystem::temp_directory_path() / ("targets-" + std::to_string(getpid()) + ".json");
  RunThreadRanks(
      4,
      [&](Communicator& c) {
        WriteScrapeTargets(c, path, "host" + std::to_string(c.rank()), 9000 + c.rank());
      },
      {10, 10}, 2);
  const auto list = ReadJson(path);
  ASSERT_EQ(list.size(), 4u);
  EXPECT_EQ(list[3]["targets"][0], "host3:9003");
  EXPECT_EQ(list[3]["labels"]["rank"], "3");
  EXPECT_EQ(list[3]["labels"]["node"], HostName());
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace helio::cluster
