#include "src/app/run_exporter.h"

#include "cluster/scrape_targets.h"
#include "src/base/error.h"
#include "src/base/file_system.h"
#include "src/base/log.h"

namespace helio::app {
namespace {

namespace fs = std::filesystem;

fs::path TargetsFile(const fs::path& out) { return out / "prometheus-targets.json"; }

// Like the push gateway, a list that a full disk keeps from being written costs a line, never the training.
template <typename Write>
void UnlessTheDiskFails(const Write& write) {
  try {
    write();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kSystem) throw;
    LOG(ERROR) << "the list of targets for Prometheus was not written: " << error.what();
  }
}

}  // namespace

std::string RunName(const fs::path& out) {
  const auto path = fs::absolute(out).lexically_normal();
  return (path.has_filename() ? path : path.parent_path()).filename().string();
}

RunExporter::RunExporter(const TrainingOptions& options, const cluster::MetricRegistry& registry,
                         cluster::Communicator& communicator)
    : out_(options.session.out), first_(communicator.rank() == 0) {
  const auto& metrics = options.metrics;
  if (first_ && !metrics.push_gateway.empty())
    pusher_ = std::make_unique<cluster::MetricsPusher>(registry, metrics.push_gateway,
                                                       cluster::PushGroup{RunName(out_)});
  if (metrics.metrics_port == 0) return;
  const int port = metrics.metrics_port + communicator.world().local_rank;
  exporter_ = std::make_unique<cluster::MetricsExporter>(registry, metrics.metrics_bind, port);
  UnlessTheDiskFails([&] {  // only its write is the system's: what is collective fails as the cluster's
    cluster::WriteScrapeTargets(communicator, TargetsFile(out_), cluster::ScrapeHost(metrics.metrics_bind),
                                port);
  });
}

void RunExporter::EndInOrder(bool complete) {
  if (pusher_ && complete) pusher_->Delete();
  if (exporter_ && first_) UnlessTheDiskFails([&] { WriteFileAtomically(TargetsFile(out_), "[]\n"); });
}

}  // namespace helio::app
