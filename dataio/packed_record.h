#pragma once
#include "dataio/packer.h"
#include "dataio/text.h"

namespace helio::dataio {

// Oddities of a record that can be stored all the same.
struct RecordNotes {
  bool mended = false;         // as of DecodeImage
  int64_t points_outside = 0;  // key points said to be visible, outside the picture: stored as not visible
};

// A record as it is stored: the picture decoded, cropped as options.crop says, scaled to options.side and
// encoded; captions as word ids. Throws Error{kData} naming the picture where it cannot be stored.
// Thread-safe.
PackedRecord PackRecord(const SourceRecord& source, const PackOptions& options, const Vocabulary& vocabulary,
                        RecordNotes& notes);

// Logs how much of the captions a given vocabulary lacks: such words are left out, and captions of nothing
// else. Throws Error{kUser} if these are most of the words, and options.skip_damaged is not set.
void CheckVocabulary(const std::vector<SourceSplit>& splits, const PackOptions& options,
                     const Vocabulary& vocabulary);

}  // namespace helio::dataio
