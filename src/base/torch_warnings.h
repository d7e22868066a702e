#pragma once

namespace helio {

// From now on what LibTorch warns of in the calling thread is in the log, and each text once: some of it
// comes with every forward pass (recurrent layers whose weights do not lie as cuDNN has them). Cheap.
void LogTorchWarningsOnce();

}  // namespace helio
