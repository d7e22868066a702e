#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
class Registry;
}  // namespace prometheus

namespace helio::cluster {

using Labels = std::map<std::string, std::string>;

// Handles into a registry: made once, then a step costs no lookup. Thread-safe, trivially copyable; valid as
// long as the registry.
class Counter {
 public:
  Counter() = default;  // goes nowhere
  explicit Counter(prometheus::Counter* counter) : counter_(counter) {}
  void Add(double amount = 1) const;

 private:
  prometheus::Counter* counter_ = nullptr;
};

class Gauge {
 public:
  Gauge() = default;
  explicit Gauge(prometheus::Gauge* gauge) : gauge_(gauge) {}
  void Set(double value) const;

 private:
  prometheus::Gauge* gauge_ = nullptr;
};

class Histogram {
 public:
  Histogram() = default;
  explicit Histogram(prometheus::Histogram* histogram) : histogram_(histogram) {}
  void Observe(double value) const;

 private:
  prometheus::Histogram* histogram_ = nullptr;
};

// All metrics of this process (prometheus-cpp's registry). Names are helio_*, base units; docs/metrics.md
// lists them. Asking again for the same name and labels returns the same metric. Thread-safe.
class MetricRegistry {
 public:
  MetricRegistry();
  ~MetricRegistry();
  MetricRegistry(const MetricRegistry&) = delete;
  MetricRegistry& operator=(const MetricRegistry&) = delete;

  Counter AddCounter(const std::string& name, const std::string& help, const Labels& labels = {});
  Gauge AddGauge(const std::string& name, const std::string& help, const Labels& labels = {});
  // `bounds`: ascending upper bucket bounds. The default spans 1 ms to 65 s by factors of two.
  Histogram AddHistogram(const std::string& name, const std::string& help, const Labels& labels = {},
                         const std::vector<double>& bounds = {});

  // The text exposition format, version 0.0.4.
  std::string Serialize() const;

 private:
  std::shared_ptr<prometheus::Registry> registry_;
};

}  // namespace helio::cluster
