#pragma once

namespace helio {

// The exit codes of all programs beside 0 (docs/running.md; launch/exit_codes.py has the same): flags or data
// are at fault, a bug of ours, "start me again".
inline constexpr int kMistakeCode = 1, kBugCode = 70, kRequeueCode = 75;

}  // namespace helio
