"""Exit codes with which a program would only fail again (docs/running.md), for all that start programs again."""

NEVER_AGAIN = {1: "a mistake in flags or data", 2: "a mistake in flags or data", 70: "a bug"}
