#include "src/app/generate_options.h"

#include "src/app/training_checks.h"

namespace helio::app {
namespace {

[[noreturn]] void Refuse(const std::string& flag, const char* why) {
  ThrowUser("does nothing here", flag, why);
}

void CheckRows(const RowOptions& rows, uint64_t seed, const OptionValues& given) {
  const bool ways = !rows.to_text.empty() || rows.to_seed >= 0;
  if (!rows.texts.empty() && (ways || !rows.edit.empty()))
    Refuse("--texts", "--edit, --to_text and --to_seed begin with the one sentence of --text");
  if (given.contains("between") && !ways)
    Refuse("--between", "it is the length of the way of --to_text or --to_seed");
  if (rows.to_seed >= 0 && static_cast<uint64_t>(rows.to_seed) == seed)
    Refuse("--to_seed", "it is the --seed that the way begins at");
}

void CheckTranslation(const GenerateOptions& own, const OptionValues& given) {
  if (!own.direction.empty() && own.image.empty()) Refuse("--direction", "it is of --image");
  if (own.image.empty()) return;
  if (own.asks_places()) Refuse("--box, --points", "a picture that is translated has its own places");
  if (given.contains("n")) Refuse("--n", "every picture of --image is translated once");
}

}  // namespace

void GenerateOptions::Declare(OptionList& list) {
  list.Add("checkpoint", &checkpoint, AnyValue(), "A run's folder, or one of its checkpoints");
  list.Add("text", &text, AnyValue(), "The sentence to draw");
  list.Add("text_encoder", &text_encoder, AnyValue(),
           "Encoder of the sentence, for systems that were trained on embeddings; default: the one that the "
           "run recorded");
  list.Add("box", &box, AnyValue(),
           "x,y,w,h: where to draw, for systems that take a box: left, top, width and height, 0 to 1 of the "
           "picture");
  list.Add("points", &points, AnyValue(),
           "NAME:X,Y,...: key points, 0 to 1 of the picture, for systems that take them; points that are not "
           "named count as not visible");
  list.Add("points_checkpoint", &points_checkpoint, AnyValue(),
           "A run of a generator of key points, which makes up those that --points does not give");
  list.Add("image", &image, AnyValue(),
           "FILE,...: pictures for a system that translates, in place of --text");
  list.Add("direction", &direction, OneOf({"", "a2b", "b2a"}),
           "a2b or b2a: from the first data set's domain to the second's, or back");
  list.Add("class", &class_number, AtLeast(-1),
           "Number of a class to draw, for systems that can be asked for one, in place of --text");
  list.Add("n", &n, Between(1, 64), "Pictures; of --edit, --to_text and --to_seed how many noises");
  rows.Declare(list);
}

void CheckOptions(const GenerateOptions& own, const TrainedModel& model, const OptionValues& given) {
  CheckRows(own.rows, model.options().run.seed, given);
  CheckTranslation(own, given);
  CheckChain(model.options().run.recipe, given);
  if (!own.points_checkpoint.empty() && own.text.empty())
    ThrowUser("makes up key points for the one sentence of --text", "--points_checkpoint");
  const bool read = model.needs().embeddings > 0 || !own.points_checkpoint.empty();  // by one of the two
  if (!own.text_encoder.empty() && !read)
    Refuse("--text_encoder", "the system reads words, with the encoder that it was trained with");
}

}  // namespace helio::app
