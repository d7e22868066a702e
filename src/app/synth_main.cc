#include <gflags/gflags.h>

#include "dataio/synth/drawn_set.h"
#include "src/app/main.h"
#include "src/base/error.h"

DEFINE_string(out, "", "Folder to draw into (CUB layout)");
DEFINE_int64(images, 7200, "Pictures, train and test together");
DEFINE_uint64(seed, 1, "Everything random is a function of it");
DEFINE_int32(side, 76, "Side of a picture in pixels");
DEFINE_string(facing, "both", "Where birds look: both | right");
DEFINE_int32(families, 34, "Colour sets; every order of a set on head, wing, belly and body is a class");
DEFINE_int32(test_classes, 50, "Classes held out for testing");
DEFINE_int64(test_images, 20, "Pictures of each held-out class");

namespace {

int Run() {
  if (FLAGS_out.empty()) helio::ThrowUser("is missing", "--out", "name a folder to draw into");
  if (FLAGS_facing != "both" && FLAGS_facing != "right")
    helio::ThrowUser("is unknown", "--facing='" + FLAGS_facing + "'", "use both or right");
  helio::dataio::WriteDrawnSet(FLAGS_out, {.images = FLAGS_images,
                                           .seed = FLAGS_seed,
                                           .side = FLAGS_side,
                                           .any_facing = FLAGS_facing == "both",
                                           .families = FLAGS_families,
                                           .test_classes = FLAGS_test_classes,
                                           .test_images = FLAGS_test_images});
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return helio::app::Main(
      argc, argv, {"helio-synth draws captioned birds in the CUB layout: --out DIR [--images N]"}, &Run);
}
