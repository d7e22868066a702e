#pragma once

namespace helio::train {

// SIGTERM, SIGINT, SIGHUP (unless it is ignored, as under nohup) and SIGUSR1 ask for: finish the step,
// checkpoint, leave with the requeue code. One that comes more than a second later ends the process at once;
// checkpoints on disk stay whole. Install once per process, in main.
void InstallStopSignals();
// The signal that came, or 0. Async-signal-safe, thread-safe.
int StopSignalReceived();
// For tests and embedding programs: as if the signal had come (0 clears).
void RaiseStop(int signal);

}  // namespace helio::train
