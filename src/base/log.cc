#include "src/base/log.h"

#include <csignal>
#include <iomanip>

namespace helio {
namespace {

std::string rank_prefix;

void WritePrefix(std::ostream& out, const google::LogMessageInfo& info, void*) {
  out << info.severity[0] << std::setfill('0') << ' ' << std::setw(2) << info.time.hour() << ':'
      << std::setw(2) << info.time.min() << ':' << std::setw(2) << info.time.sec() << rank_prefix;
}

}  // namespace

void StartLogging(const char* program, int rank, int world_size) {
  // A log that nobody reads any more (`| head`, a lost ssh) is no reason to end: what is written to it fails.
  std::signal(SIGPIPE, SIG_IGN);
  if (world_size > 1) rank_prefix = " [" + std::to_string(rank) + "/" + std::to_string(world_size) + "]";
  // No severity reaches stderr when a sink writes in glog's place (--log_format=json).
  FLAGS_logtostderr = FLAGS_stderrthreshold < google::NUM_SEVERITIES;
  FLAGS_minloglevel = rank == 0 ? google::GLOG_INFO : google::GLOG_WARNING;
  if (google::IsGoogleLoggingInitialized()) return;
  google::InitGoogleLogging(program, &WritePrefix);
}

}  // namespace helio
