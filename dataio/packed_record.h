#pragma once
#include "dataio/packer.h"
#include "dataio/text.h"

namespace helio::dataio {

// A record as it is stored: the picture decoded, cropped to 1.5 times its box (the published rule) if
// options.crop says so, scaled to options.side and encoded; captions as word ids. `mended`: as of
// DecodeImage. Throws Error{kData} naming the picture where it cannot be stored. Thread-safe.
PackedRecord PackRecord(const SourceRecord& source, const PackOptions& options, const Vocabulary& vocabulary,
                        bool& mended);

}  // namespace helio::dataio
