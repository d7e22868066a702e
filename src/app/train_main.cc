#include "src/app/main.h"
#include "src/app/training_flags.h"
#include "src/app/training_program.h"

namespace {

int Run() { return helio::app::RunTraining(helio::recipes::Program::kTrain); }

}  // namespace

int main(int argc, char** argv) {
  helio::app::RegisterTrainingFlags();
  return helio::app::Main(
      argc, argv,
      {.usage = "helio-train trains a text-to-image GAN: --recipe=mirrorgan --data=DIR --out=DIR "
                "--damsm=FILE --captioner=FILE",
       .shared = helio::app::FlagNamesOf(helio::recipes::Program::kTrain),
       .of_recipe = &helio::app::FlagsOf},
      &Run);
}
