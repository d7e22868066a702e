#pragma once
// glog, the same in files with torch and without (src/base/tensor.h reconciles their macros). Files include
// this header and never <glog/logging.h>.
#include <glog/logging.h>

namespace helio {

// Starts glog to stderr. `rank` is put in front of every line when `world_size` > 1; ranks above 0 log
// warnings and worse only. SIGPIPE is ignored from then on, in the whole process. Call once, before any
// thread starts.
void StartLogging(const char* program, int rank = 0, int world_size = 1);

}  // namespace helio
