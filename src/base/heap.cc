#include "src/base/heap.h"

#include <malloc.h>

#include <cstdlib>

namespace helio {

void KeepHeap() {
  mallopt(M_MMAP_THRESHOLD, 32 << 20);  // the most glibc takes
  mallopt(M_TRIM_THRESHOLD, 0x7fffffff);
  mallopt(M_TOP_PAD, 64 << 20);
  // torch asks for large pages for tensors where this is set (read at its first allocation).
  setenv("THP_MEM_ALLOC_ENABLE", "1", 0);
}

}  // namespace helio
