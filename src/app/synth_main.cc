#include "dataio/synth/drawn_set.h"
#include "src/app/flags.h"
#include "src/app/main.h"
#include "src/base/error.h"

namespace helio::app {
namespace {

struct SynthOptions {
  std::string out, facing = "both", place = "middle", style = "day";
  dataio::DrawnSetOptions set;

  void Declare(OptionList& list) {
    list.Add("out", &out, AnyValue(), "Folder to draw into (CUB layout)");
    list.Add("images", &set.images, Between(1, 1e7), "Pictures, train and test together");
    list.Add("seed", &set.seed, AnyValue(), "Everything random is a function of it");
    list.Add("side", &set.side, Between(32, 1024), "Side of a picture in pixels");
    list.Add("facing", &facing, OneOf({"both", "right"}), "Where birds look");
    list.Add("place", &place, OneOf({"middle", "anywhere"}),
             "Where birds are: they fill the picture, or are of any size anywhere in it");
    list.Add("style", &style, OneOf({"day", "night"}),
             "Light. The same birds under the same names in both, for systems that translate");
    list.Add("families", &set.families, Between(3, 70),
             "Colour sets; every order of a set on head, wing, belly and body is a class");
    list.Add("test_classes", &set.test_classes, Between(0, 1e4), "Classes held out for testing");
    list.Add("test_images", &set.test_images, Between(0, 1e6), "Pictures of each held-out class");
  }
};

int Run() {
  auto options = OptionsFrom<SynthOptions>(GivenFlags());
  if (options.out.empty()) ThrowUser("is missing", "--out", "name a folder to draw into");
  options.set.stance = {options.facing == "both", options.place == "anywhere"};
  options.set.style = dataio::DrawnStyleOf(options.style);
  dataio::WriteDrawnSet(options.out, options.set);
  return 0;
}

}  // namespace
}  // namespace helio::app

int main(int argc, char** argv) {
  helio::app::RegisterFlagsOf<helio::app::SynthOptions>();
  return helio::app::Main(argc, argv,
                          {"helio-synth draws captioned birds in the CUB layout: --out DIR [--images N]"},
                          &helio::app::Run);
}
