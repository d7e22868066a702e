"""Exit codes (docs/running.md), for all that start programs again; src/base/exit_code.h has the same."""

REQUEUE = 75  # interrupted, or cluster or system failed: it goes on
# With these a program would only fail again.
NEVER_AGAIN = {1: "a mistake in flags or data", 2: "a mistake in flags or data", 70: "a bug"}
