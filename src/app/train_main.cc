#include "src/app/main.h"
#include "src/app/training_flags.h"
#include "src/app/training_program.h"

namespace helio::app {
namespace {

int Run() { return RunTraining(recipes::Program::kTrain); }

}  // namespace
}  // namespace helio::app

int main(int argc, char** argv) {
  helio::app::RegisterTrainingFlags();
  return helio::app::Main(
      argc, argv,
      {.usage = "helio-train trains a text-to-image GAN: --recipe=mirrorgan --data=DIR --out=DIR "
                "--damsm=FILE --captioner=FILE",
       .shared = helio::app::FlagNamesOf(helio::recipes::Program::kTrain),
       .of_recipe = &helio::app::FlagsOf},
      &helio::app::Run);
}
