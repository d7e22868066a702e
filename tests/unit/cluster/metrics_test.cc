#include "cluster/metrics.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cluster/metrics_exporter.h"
#include "cluster/scrape_targets.h"
#include "cluster/thread_communicator.h"
#include "src/base/descriptor.h"
#include "src/base/error.h"
#include "src/base/json.h"
#include "tests/support/error_of.h"

namespace helio::cluster {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
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

// A client that has no connection yet: making one takes a descriptor.
Descriptor NewClient() {
  Descriptor client(socket(AF_INET, SOCK_STREAM, 0));
  const timeval patience{4, 0};  // no server may take that long, whatever its other clients do
  setsockopt(client.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  return client;
}

void Connect(const Descriptor& client, int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
}

std::string Ask(const Descriptor& client, int port, const std::string& request) {
  Connect(client, port);
  size_t sent = 0;  // a server may hang up on a long one
  while (sent < request.size()) {
    const auto part = send(client.get(), request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
    if (part <= 0) break;
    sent += static_cast<size_t>(part);
  }
  std::string answer;
  char piece[4096];
  for (ssize_t got = 0; (got = recv(client.get(), piece, sizeof piece, 0)) > 0;) answer.append(piece, got);
  return answer;
}

std::string Ask(int port, const std::string& request) { return Ask(NewClient(), port, request); }

const std::string kHealth = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr auto* kHealthy = "ok\n";

TEST(MetricsExporterTest, ServesMetricsAndRefusesTheRest) {
  MetricRegistry registry;
  registry.AddGauge("helio_up", "Up").Set(1);
  MetricsExporter exporter(registry, "127.0.0.1", 0);
  const auto good = Ask(exporter.port(), "GET /metrics?x=1 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(good, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(good, HasSubstr("\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
  EXPECT_THAT(good, HasSubstr("helio_up 1\n"));
  EXPECT_THAT(Ask(exporter.port(), kHealth), HasSubstr(kHealthy));
  EXPECT_THAT(Ask(exporter.port(), "GET /etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n"),
              StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(Ask(exporter.port(), "POST /metrics HTTP/1.1\r\nHost: a\r\n\r\n"), StartsWith("HTTP/1.1 405"));
  EXPECT_THAT(Ask(exporter.port(), "rubbish\r\n\r\n"), Not(HasSubstr("helio_up")));
}

TEST(MetricsExporterTest, ATalkativeClientIsRefused) {
  MetricRegistry registry;
  registry.AddGauge("helio_up", "Up").Set(1);
  MetricsExporter exporter(registry, "127.0.0.1", 0);
  EXPECT_THAT(Ask(exporter.port(), "GET /metrics HTTP/1.1\r\nX: " + std::string(1 << 20, 'x') + "\r\n\r\n"),
              Not(HasSubstr("helio_up")));
  EXPECT_THAT(Ask(exporter.port(), std::string(1 << 20, 'x')), Not(HasSubstr("helio_up")));
  EXPECT_THAT(Ask(exporter.port(), kHealth), HasSubstr(kHealthy));
}

int OpenDescriptors() {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
    count += !entry.path().empty();
  return count;
}

TEST(MetricsExporterTest, ManyClientsThatSayNothingOrHalfAreNobodysTrouble) {
  MetricRegistry registry;
  MetricsExporter exporter(registry, "127.0.0.1", 0);
  const int before = OpenDescriptors();
  constexpr int kMany = 300;
  std::vector<Descriptor> clients;
  for (int i = 0; i < kMany; ++i) {
    Connect(clients.emplace_back(NewClient()), exporter.port());
    const ssize_t half = i % 2 == 0 ? 8 : 0;
    EXPECT_EQ(send(clients.back().get(), "GET /met", static_cast<size_t>(half), MSG_NOSIGNAL), half);
  }
  EXPECT_THAT(Ask(exporter.port(), kHealth), HasSubstr(kHealthy));
  EXPECT_LE(OpenDescriptors(), before + kMany) << "a client costs the process a descriptor";
}

// While it lives this process can open nothing.
class NoDescriptorsLeft {
 public:
  NoDescriptorsLeft() {
    for (int more = 0; more >= 0;) more = Fill();
  }
  NoDescriptorsLeft(const NoDescriptorsLeft&) = delete;
  NoDescriptorsLeft& operator=(const NoDescriptorsLeft&) = delete;

 private:
  int Fill() {
    Descriptor one(open("/dev/null", O_RDONLY | O_CLOEXEC));
    const int number = one.get();
    if (number >= 0) all_.push_back(std::move(one));
    return number;
  }
  std::vector<Descriptor> all_;
};

double ProcessorSeconds() {
  timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

TEST(MetricsExporterTest, ServesAlsoWhereNoDescriptorsAreLeft) {
  MetricRegistry registry;
  MetricsExporter exporter(registry, "127.0.0.1", 0);
  const int port = exporter.port();
  std::vector<Descriptor> silent, asking;
  for (int i = 0; i < 4 * MetricsExporter::kClients; ++i) silent.push_back(NewClient());
  for (int i = 0; i < 3; ++i) asking.push_back(NewClient());
  rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  const auto whole = limit;
  limit.rlim_cur = 512;
  setrlimit(RLIMIT_NOFILE, &limit);
  {
    const NoDescriptorsLeft none;
    for (size_t i = 0; i < silent.size(); ++i) {
      Connect(silent[i], port);
      if (i % 2 == 0) send(silent[i].get(), "GET /", 5, MSG_NOSIGNAL);
    }
    for (const auto& client : asking) EXPECT_THAT(Ask(client, port, kHealth), HasSubstr(kHealthy));
    const double before = ProcessorSeconds();
    usleep(500'000);
    EXPECT_LT(ProcessorSeconds() - before, 0.25) << "it spins";
  }
  setrlimit(RLIMIT_NOFILE, &whole);
}

TEST(MetricsExporterTest, AHostWithoutMoreFilesIsTheSystems) {
  MetricRegistry registry;
  rlimit before;
  getrlimit(RLIMIT_NOFILE, &before);
  const rlimit none{0, before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &none);
  const auto error = ErrorIn([&] { MetricsExporter(registry, "127.0.0.1", 0); });
  setrlimit(RLIMIT_NOFILE, &before);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind(), ErrorKind::kSystem);
  EXPECT_THAT(error->what(), HasSubstr("no socket is to be had: Too many open files"));
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
