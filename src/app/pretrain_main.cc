#include "src/app/main.h"
#include "src/app/training_flags.h"
#include "src/app/training_program.h"

namespace {

int Run() { return helio::app::RunTraining(helio::recipes::Program::kPretrain); }

}  // namespace

int main(int argc, char** argv) {
  helio::app::RegisterTrainingFlags();
  return helio::app::Main(
      argc, argv,
      {.usage =
           "helio-pretrain trains what the GANs build on: --recipe=damsm|char_cnn_rnn|captioner|classifier "
           "--data=DIR --out=DIR",
       .shared = helio::app::FlagNamesOf(helio::recipes::Program::kPretrain),
       .of_recipe = &helio::app::FlagsOf},
      &Run);
}
