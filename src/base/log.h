#pragma once
// The one place that brings torch and glog together: c10 defines LOG, CHECK, VLOG ... itself, so torch comes
// first, its macros go, then glog's come. Files that need either include this header and never
// <torch/torch.h> or <glog/logging.h>.
#include <torch/torch.h>

// clang-format off
#undef LOG
#undef LOG_IF
#undef LOG_EVERY_N
#undef LOG_EVERY_MS
#undef LOG_FIRST_N
#undef DLOG
#undef DLOG_IF
#undef VLOG
#undef VLOG_IF
#undef VLOG_IS_ON
#undef DVLOG
#undef CHECK
#undef CHECK_EQ
#undef CHECK_NE
#undef CHECK_LE
#undef CHECK_LT
#undef CHECK_GE
#undef CHECK_GT
#undef CHECK_NOTNULL
#undef CHECK_STREQ
#undef CHECK_STRNE
#undef CHECK_STRCASEEQ
#undef CHECK_STRCASENE
#undef CHECK_INDEX
#undef CHECK_BOUND
#undef CHECK_NEAR
#undef DCHECK
#undef DCHECK_EQ
#undef DCHECK_NE
#undef DCHECK_LE
#undef DCHECK_LT
#undef DCHECK_GE
#undef DCHECK_GT
#undef DCHECK_NOTNULL
#undef DCHECK_STREQ
#undef DCHECK_STRNE
#undef DCHECK_STRCASEEQ
#undef DCHECK_STRCASENE
#undef INFO
#undef WARNING
#undef ERROR
#undef FATAL
#undef GLOG_INFO
#undef GLOG_WARNING
#undef GLOG_ERROR
#undef GLOG_FATAL
// clang-format on

#include <glog/logging.h>

namespace helio {

// Starts glog to stderr. `rank` is put in front of every line when `world_size` > 1; ranks above 0 log
// warnings and worse only. Call once, before any thread starts.
void StartLogging(const char* program, int rank = 0, int world_size = 1);

}  // namespace helio
