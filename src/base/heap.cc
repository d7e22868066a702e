#include "src/base/heap.h"

#ifdef HELIO_TCMALLOC
#include <gperftools/malloc_extension.h>
#endif

#include <cstdlib>

namespace helio {

void KeepHeap() {
#ifdef HELIO_TCMALLOC
  MallocExtension::instance()->SetMemoryReleaseRate(0);
#endif
  // torch asks for large pages for tensors where this is set (read at its first allocation).
  setenv("THP_MEM_ALLOC_ENABLE", "1", 0);
}

}  // namespace helio
