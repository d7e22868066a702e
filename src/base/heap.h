#pragma once

namespace helio {

// Lets the heap (tcmalloc) keep what it once had, in large pages: a training step frees and allocates the
// same gigabytes again and again, and a heap that hands them back to the kernel gets them cleared anew each
// time (a quarter of a step, docs/decisions/0004-heap.md). Call first in main; has no effect on results.
void KeepHeap();

}  // namespace helio
