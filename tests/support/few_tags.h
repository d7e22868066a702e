#pragma once

namespace helio::testing {

// MPI as of a library with few tags (UCX ends at 2^23 - 1, the standard promises 32,767): from now on this
// process' MPI reports `bound` as MPI_TAG_UB and refuses messages with a higher tag. Works in programs that
// few_tags.cc is a source of.
void UseFewTags(int bound);

// How often a sent tag was lower than the one before it by more than 200.
int TagsBegunAnew();

}  // namespace helio::testing
