#pragma once

namespace helio {

// From now on what LibTorch warns of in the calling thread is in the log, and each text once: some of it
// comes with every step. Not told is what a user can do nothing about: that weights of recurrent layers do
// not lie as cuDNN has them, which on a GPU comes with every forward pass. Cheap.
void LogTorchWarningsOnce();

}  // namespace helio
