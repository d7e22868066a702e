#include "src/app/run_exporter.h"

#include <filesystem>

#include "src/app/training_flags.h"
#include "src/base/file_system.h"

namespace helio::app {
namespace {

std::filesystem::path TargetsFile() { return std::filesystem::path(FLAGS_out) / "prometheus-targets.json"; }

// The last part of --out.
std::string RunName() {
  const auto path = std::filesystem::absolute(FLAGS_out).lexically_normal();
  return (path.has_filename() ? path : path.parent_path()).filename().string();
}

}  // namespace

RunExporter::RunExporter(const cluster::MetricRegistry& registry, cluster::Communicator& communicator)
    : first_(communicator.rank() == 0) {
  if (FLAGS_dry_run) return;
  if (first_ && !FLAGS_push_gateway.empty())
    pusher_ = std::make_unique<cluster::MetricsPusher>(registry, FLAGS_push_gateway, RunName());
  if (FLAGS_metrics_port == 0) return;
  const int port = FLAGS_metrics_port + communicator.world().local_rank;
  exporter_ = std::make_unique<cluster::MetricsExporter>(registry, FLAGS_metrics_bind, port);
  if (first_) std::filesystem::create_directories(FLAGS_out);
  cluster::WriteScrapeTargets(communicator, TargetsFile(), cluster::ScrapeHost(FLAGS_metrics_bind), port);
}

void RunExporter::EndInOrder(bool complete) {
  if (pusher_ && complete) pusher_->Delete();
  if (exporter_ && first_) WriteFileAtomically(TargetsFile(), "[]\n");
}

}  // namespace helio::app
