#pragma once

namespace helio {

// From now on what LibTorch warns of is in the log, and each text once: some of it comes with every forward
// pass (recurrent layers whose weights do not lie as cuDNN has them). Any thread.
void LogTorchWarningsOnce();

}  // namespace helio
