#include "cluster/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace helio::cluster {
namespace {

std::vector<double> SecondsBounds() {
  std::vector<double> bounds;
  for (double bound = 0.001; bound < 66; bound *= 2) bounds.push_back(bound);
  return bounds;
}

}  // namespace

void Counter::Add(double amount) const {
  if (counter_) counter_->Increment(amount);
}
void Gauge::Set(double value) const {
  if (gauge_) gauge_->Set(value);
}
void Histogram::Observe(double value) const {
  if (histogram_) histogram_->Observe(value);
}

MetricRegistry::MetricRegistry() : registry_(std::make_shared<prometheus::Registry>()) {}
MetricRegistry::~MetricRegistry() = default;

// The registry merges families and metrics of the same name and labels, so asking twice gives the same
// metric.
Counter MetricRegistry::AddCounter(const std::string& name, const std::string& help, const Labels& labels) {
  return Counter(&prometheus::BuildCounter().Name(name).Help(help).Register(*registry_).Add(labels));
}

Gauge MetricRegistry::AddGauge(const std::string& name, const std::string& help, const Labels& labels) {
  return Gauge(&prometheus::BuildGauge().Name(name).Help(help).Register(*registry_).Add(labels));
}

Histogram MetricRegistry::AddHistogram(const std::string& name, const std::string& help, const Labels& labels,
                                       const std::vector<double>& bounds) {
  auto& family = prometheus::BuildHistogram().Name(name).Help(help).Register(*registry_);
  return Histogram(&family.Add(labels, bounds.empty() ? SecondsBounds() : bounds));
}

std::string MetricRegistry::Serialize() const {
  return prometheus::TextSerializer().Serialize(registry_->Collect());
}

}  // namespace helio::cluster
