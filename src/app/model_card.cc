#include "src/app/model_card.h"

#include <iomanip>
#include <sstream>

#include "src/base/named_tensors.h"

namespace helio::app {
namespace {

std::string Number(double value) {
  std::ostringstream text;
  text << std::setprecision(4) << value;
  return text.str();
}

std::string OrElse(const std::string& said, const std::string& otherwise) {
  return said.empty() ? otherwise : said;
}

std::string ScoreRow(const std::string& name, const Json& score) {
  if (score.is_number()) return "| " + name + " | " + Number(score.get<double>()) + " | |\n";
  const double number = NumberIn(score, "value"), deviation = NumberIn(score, "deviation");
  std::string value = std::isfinite(number) ? Number(number) : "not finite";
  if (std::isfinite(number) && deviation > 0) value += " ± " + Number(deviation);
  return "| " + name + " | " + value + " | " + TextIn(score, "protocol") + " |\n";
}

std::string ScoreTable(const Json& scores) {
  if (scores.empty()) return "Not evaluated at this step. `helio-eval` gives scores.\n";
  std::string text = "| score | value | protocol |\n|---|---:|---|\n";
  for (const auto& [name, score] : scores.items()) text += ScoreRow(name, score);
  return text;
}

int64_t CountParameters(const NamedTensors& tensors) {
  int64_t count = 0;
  for (const auto& [name, tensor] : tensors)
    if (tensor.requires_grad()) count += tensor.numel();
  return count;
}

constexpr char kUse[] = R"(```python
from safetensors.torch import load_file   # or: scripts/convert_weights.py --out netG.pth netG.safetensors
netG.load_state_dict(load_file("netG.safetensors"))                  # the published class, evaluation mode
```
)";

constexpr char kUseOfTextEncoder[] =
    R"(
The text encoder likewise: `text_encoder.load_state_dict(load_file("text_encoder.safetensors"))`, the published RNN_ENCODER.
)";

constexpr char kUseOfTranslators[] = R"(```python
from safetensors.torch import load_file   # or: scripts/convert_weights.py --out latest_net_G_A.pth netG_A.safetensors
netG_A.load_state_dict(load_file("netG_A.safetensors"))  # the published class: from the first domain to the second
netG_B.load_state_dict(load_file("netG_B.safetensors"))  # and back
```
)";

bool HasTextEncoder(const TrainedModel& model) {
  return !WithoutPrefix(model.frozen(), "text_encoder.").empty();
}

std::string FileRows(TrainedModel& model) {
  std::ostringstream rows;
  for (const auto& part : model.drawing_parts())
    rows << "| `" << part.name << ".safetensors` | the generator, " << CountParameters(part.tensors)
         << " parameters, under the published names (Heliograph's where the published code has none) |\n";
  if (HasTextEncoder(model))
    rows << "| `text_encoder.safetensors` | the text encoder, under the published names |\n";
  rows << "| `vocabulary.json` | " << model.vocabulary().size() << " words; a word's id is its place |\n";
  return rows.str();
}

}  // namespace

std::string ModelCard(TrainedModel& model, const Json& scores) {
  const auto& info = model.info();
  std::ostringstream card;
  card << "# " << model.options().run.recipe << ", step " << model.step() << "\n\n"
       << "Exported by Heliograph " << OrElse(info.version, "?") << " ("
       << OrElse(info.revision, "unknown revision") << ") from `" << model.checkpoint().filename().string()
       << "`. Weights are the moving average of training where one was kept.\n\n"
       << "| file | content |\n|---|---|\n"
       << FileRows(model) << "| `run.flags` | every flag of the training run |\n\n"
       << "## Scores\n\n"
       << ScoreTable(scores) << "\n## Trained\n\n"
       << "Data set " << OrElse(info.identity.data, "?") << " (digest of its manifest), global batch "
       << info.global_batch << " on " << info.world_size << " ranks, seed " << info.seed << ", "
       << model.step() << " steps of which " << info.steps_per_epoch
       << " are an epoch. Forward passes were computed in "
       << NameIn(kPrecisions, model.options().trainer.precision) << ", everything else in "
       << NameIn(kDtypes, model.options().run.dtype) << ".";
  if (model.needs().captions) card << " Captions are cut to " << model.needs().words << " words.";
  card << "\n\n## Use\n\n" << (model.translator() ? kUseOfTranslators : kUse);
  if (HasTextEncoder(model)) card << kUseOfTextEncoder;
  return card.str();
}

}  // namespace helio::app
