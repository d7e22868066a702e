#pragma once
#include "src/base/log.h"

namespace helio::app {

// Log lines as JSON objects on stderr, one a line: time (Unix, s), severity (I, W, E, F), rank (the
// launcher's), source, message. While it lives, and in place of the plain lines; make it before logging
// starts. Thread-safe.
class JsonLog : public google::LogSink {
 public:
  JsonLog();
  ~JsonLog() override;
  JsonLog(const JsonLog&) = delete;
  JsonLog& operator=(const JsonLog&) = delete;

  void send(google::LogSeverity severity, const char* full_filename, const char* base_filename, int line,
            const google::LogMessageTime& time, const char* message, size_t length) override;

 private:
  const int rank_;
};

}  // namespace helio::app
