#include "dataio/synth/drawn_set.h"
#include "src/app/flags.h"
#include "src/app/main.h"
#include "src/base/error.h"

namespace helio::app {
namespace {

enum class Facing { kBoth, kRight };
constexpr Named<Facing> kFacings[] = {{Facing::kBoth, "both"}, {Facing::kRight, "right"}};

enum class Place { kMiddle, kAnywhere };
constexpr Named<Place> kPlaces[] = {{Place::kMiddle, "middle"}, {Place::kAnywhere, "anywhere"}};

struct SynthOptions {
  std::string out;
  Facing facing = Facing::kBoth;
  Place place = Place::kMiddle;
  dataio::DrawnSetOptions set;

  void Declare(OptionList& list) {
    list.Add("out", &out, AnyValue(), "Folder to draw into (CUB layout)");
    list.Add("images", &set.images, Between(1, 1e7), "Pictures, train and test together");
    list.Add("seed", &set.seed, AnyValue(), "Everything random is a function of it");
    list.Add("side", &set.side, Between(32, 1024), "Side of a picture in pixels");
    list.Add("facing", &facing, kFacings, "Where birds look");
    list.Add("place", &place, kPlaces,
             "Where birds are: they fill the picture, or are of any size anywhere in it");
    list.Add("style", &set.style, dataio::kDrawnStyles,
             "Light. The same birds under the same names in both, for systems that translate");
    list.Add("scene", &set.scene, AnyValue(),
             "Draw scenes: two birds, or a bird and one to three things, for captions of where, how many and "
             "which way; best with --side=152");
    list.Add("families", &set.families, Between(3, 70),
             "Colour sets; every order of a set on head, wing, belly and body (in scenes on their four "
             "coloured parts) is a class");
    list.Add("test_classes", &set.test_classes, Between(0, 1e4), "Classes held out for testing");
    list.Add("test_images", &set.test_images, Between(0, 1e6), "Pictures of each held-out class");
  }
};

// Each class of scenes has its places and directions.
[[noreturn]] void RefuseWithScene(const std::string& flag, const std::string& value) {
  ThrowUser("goes with single birds only", "--" + flag + "=" + value + " --scene", "leave one of them out");
}

int Run() {
  auto options = OptionsFrom<SynthOptions>(GivenFlags());
  if (options.out.empty()) ThrowUser("is missing", "--out", "name a folder to draw into");
  if (options.set.scene) {
    if (options.facing != Facing::kBoth) RefuseWithScene("facing", NameIn(kFacings, options.facing));
    if (options.place != Place::kMiddle) RefuseWithScene("place", NameIn(kPlaces, options.place));
  }
  options.set.stance = {options.facing == Facing::kBoth, options.place == Place::kAnywhere};
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
