#pragma once

namespace helio {

// From now on LibTorch's warnings in the calling thread go to the log, each text once: some come with every
// step. One that a user can do nothing about is left out: that the weights of recurrent layers are not in
// cuDNN's order, which on a GPU comes with every forward pass. Cheap.
void LogTorchWarningsOnce();

}  // namespace helio
