#include "src/app/main.h"
#include "src/app/training_flags.h"
#include "src/app/training_program.h"

namespace helio::app {
namespace {

int Run() { return RunTraining(recipes::Program::kPretrain); }

}  // namespace
}  // namespace helio::app

int main(int argc, char** argv) {
  helio::app::RegisterTrainingFlags();
  return helio::app::Main(
      argc, argv,
      {.usage =
           "helio-pretrain trains what the GANs build on: --recipe=damsm|char_cnn_rnn|captioner|classifier "
           "--data=DIR --out=DIR",
       .shared = helio::app::FlagNamesOf(helio::recipes::Program::kPretrain),
       .of_recipe = &helio::app::FlagsOf},
      &helio::app::Run);
}
