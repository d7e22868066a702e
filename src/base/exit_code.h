#pragma once

namespace helio {

// With what a program ends (docs/running.md; launch/exit_codes.py has the same): flags or data at fault, a
// bug of ours, and "start me again".
inline constexpr int kMistakeCode = 1, kBugCode = 70, kRequeueCode = 75;

}  // namespace helio
