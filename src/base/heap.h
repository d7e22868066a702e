#pragma once

namespace helio {

// Lets the C heap keep what it once had, in large pages: a training step frees and allocates the same
// gigabytes again and again, and glibc by default hands them back to the kernel, which clears every page anew
// (a quarter of a step's CPU time on the toy preset, docs/decisions/0004-heap.md). Call first in main; has no
// effect on results.
void KeepHeap();

}  // namespace helio
