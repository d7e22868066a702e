#pragma once
#include <gtest/gtest.h>

#include "dataio/source.h"
#include "tests/unit/dataio/small_set.h"

namespace helio::dataio {

// A folder of somebody's, read as --source=folder reads it.
class LayoutsTest : public testing::Test {
 protected:
  SourceOptions Options(bool skip = false) const {
    return {.root = root_, .captions_per_image = 0, .skip_missing = skip, .words = WordRule::kUnicode};
  }
  std::string Ids(const std::string& split) const {
    std::string ids;
    for (const auto& part : ReadFolder(Options()))
      for (const auto& record : part.records)
        if (part.name == split) ids += record.id + " ";
    return ids;
  }
  std::string Refusal() const {
    return ErrorOf([&] { ReadFolder(Options()); });
  }
  // Of a list that lies there alone: the pictures for training, or why it is refused.
  std::string IdsBy(const std::string& list, const std::string& text) const {
    WriteText(root_ / list, text);
    const auto refusal = Refusal();
    const auto ids = refusal.empty() ? Ids("train") : refusal;
    std::filesystem::remove(root_ / list);
    return ids;
  }
  void Captioned(const std::string& stem, const std::string& text = "a bird") const {
    WritePicture(root_ / (stem + ".jpg"));
    WriteText(root_ / (stem + ".txt"), text);
  }

  const ScratchFolder scratch_{"layouts"};
  const std::filesystem::path root_ = scratch_.path() / "set";
};

}  // namespace helio::dataio
