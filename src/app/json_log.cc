#include "src/app/json_log.h"

#include <unistd.h>

#include "cluster/launch_environment.h"
#include "src/base/json.h"

namespace helio::app {

JsonLog::JsonLog() : rank_(cluster::LauncherRank()) {
  google::AddLogSink(this);
  // Nothing from glog itself: neither to stderr (StartLogging minds this) nor to files.
  FLAGS_logtostderr = false;
  FLAGS_stderrthreshold = google::NUM_SEVERITIES;
  for (int severity = 0; severity < google::NUM_SEVERITIES; ++severity)
    google::SetLogDestination(severity, "");
}
JsonLog::~JsonLog() { google::RemoveLogSink(this); }

void JsonLog::send(google::LogSeverity severity, const char*, const char* base_filename, int line,
                   const google::LogMessageTime& time, const char* message, size_t length) {
  Json entry;
  entry["time"] = static_cast<double>(time.timestamp()) + time.usec() / 1e6;
  entry["severity"] = std::string(1, google::GetLogSeverityName(severity)[0]);
  entry["rank"] = rank_;
  entry["source"] = std::string(base_filename) + ":" + std::to_string(line);
  entry["message"] = std::string(message, length);
  // One write a line: lines of several ranks and threads stay whole.
  const auto text = JsonText(entry) + "\n";
  if (write(STDERR_FILENO, text.data(), text.size()) < 0) return;
}

}  // namespace helio::app
