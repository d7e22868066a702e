// What recording a step's metrics costs the training thread, alone and while /metrics is scraped all the
// time: metrics_bench [STEPS, default 20000]. A MirrorGAN step: three discriminators, a generator, two losses
// each.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <iostream>

#include "cluster/metrics_exporter.h"
#include "src/train/training_metrics.h"

namespace helio::train {
namespace {

StepOutcome MirrorGanOutcome() {
  StepOutcome outcome;
  for (const auto* phase : {"d64", "d128", "d256", "g"}) {
    outcome.norms.emplace_back(phase, 1.5);
    outcome.reductions.push_back({phase, 1 << 20, 1e-3, 1e-3});
    for (const auto* part : {"", "_early"}) outcome.seconds.emplace_back(std::string(phase) + part, 0.5);
  }
  for (const auto* part : {"prepare", "wait", "wait", "wait", "wait", "update", "update", "update", "update"})
    outcome.seconds.emplace_back(part, 0.1);
  return outcome;
}

double MicrosecondsAStep(TrainingMetrics& metrics, int64_t steps) {
  const auto outcome = MirrorGanOutcome();
  const auto start = std::chrono::steady_clock::now();
  for (int64_t step = 0; step < steps; ++step) {
    metrics.Step({.step = step, .epoch = 0.1, .local_images = 10, .seconds = 4});
    metrics.Outcome(outcome);
    metrics.Straggler(4, false);
  }
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count() /
         static_cast<double>(steps);
}

// One GET /metrics; the bytes of the answer.
size_t Scrape(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  ::inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
  size_t total = 0;
  const std::string request = "GET /metrics HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n";
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
      ::write(fd, request.data(), request.size()) > 0) {
    char buffer[65536];
    for (ssize_t got = 0; (got = ::read(fd, buffer, sizeof buffer)) > 0;) total += static_cast<size_t>(got);
  }
  ::close(fd);
  return total;
}

int Run(int64_t steps) {
  cluster::MetricRegistry registry;
  TrainingMetrics metrics(registry,
                          {.recipe = "mirrorgan", .version = "0", .revision = "0", .world_size = 2});
  const cluster::MetricsExporter exporter(registry, "127.0.0.1", 0);
  MicrosecondsAStep(metrics, 100);
  const double alone = MicrosecondsAStep(metrics, steps);
  std::atomic<bool> stop = false;
  std::atomic<int64_t> scrapes = 0, bytes = 0;
  std::thread scraper([&] {
    for (; !stop; ++scrapes) bytes = static_cast<int64_t>(Scrape(exporter.port()));
  });
  const double scraped = MicrosecondsAStep(metrics, steps);
  stop = true;
  scraper.join();
  std::cout << alone << " us a step; " << scraped << " us while scraped without a pause (" << scrapes
            << " scrapes of " << bytes << " bytes)\n0.5 % of a step is more than that where a step takes "
            << scraped / 0.005 / 1000 << " ms or longer\n";
  return 0;
}

}  // namespace
}  // namespace helio::train

int main(int argc, char** argv) { return helio::train::Run(argc > 1 ? std::atoll(argv[1]) : 20000); }
