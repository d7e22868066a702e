#include "src/train/scoreboard.h"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <sstream>

#include "src/base/log.h"
#include "src/base/text_list.h"
#include "src/train/progress.h"

namespace helio::train {
namespace {

using Scores = std::vector<recipes::ValidationScore>;

// A line a score.
std::string TableOf(const Scores& scores) {
  size_t width = 0;
  for (const auto& score : scores) width = std::max(width, score.name.size());
  std::ostringstream table;
  for (const auto& score : scores)
    table << "\n  " << std::left << std::setw(static_cast<int>(width)) << score.name << std::right
          << std::setw(12) << score.value << "  " << score.protocol;
  return table.str();
}

Json ProtocolsOf(const Scores& scores) {
  Json protocols = Json::object();
  for (const auto& score : scores)
    if (!score.protocol.empty()) protocols[score.name] = score.protocol;
  return protocols;
}

std::vector<std::string> NamesOf(const Scores& scores) {
  std::vector<std::string> names;
  for (const auto& score : scores) names.push_back(score.name);
  return names;
}

}  // namespace

void CheckKeepBest(const std::string& keep_best, const std::vector<std::string>& names,
                   const std::string& why_none) {
  if (keep_best.empty() || std::ranges::find(names, keep_best.substr(keep_best[0] == '-')) != names.end())
    return;
  ThrowUser("'" + keep_best + "' is no score of this run", "--keep_best",
            names.empty() ? why_none : "the scores are " + Join(names, " "));
}

void Scoreboard::Set(int64_t step, Scores scores) {
  CheckKeepBest(keep_best_, NamesOf(scores), "there are none");
  step_ = step;
  scores_ = std::move(scores);
}

Json Scoreboard::Values() const {
  Json values = Json::object();
  for (const auto& score : scores_) values[score.name] = score.value;
  return values;
}

void Scoreboard::Publish(double seconds, TrainingMetrics& metrics, RunDirectory& run) const {
  for (const auto& score : scores_) {
    metrics.Score(score);
    if (!std::isfinite(score.value))
      LOG(WARNING) << score.name
                   << " is not finite: the networks' outputs are not. It is never the best score";
  }
  metrics.Evaluation(seconds);
  LOG(INFO) << "evaluation at step " << step_ << ", " << HumanDuration(seconds) << ":" << TableOf(scores_);
  run.AppendMetrics({{"step", step_},
                     {"scores", Values()},
                     {"protocols", ProtocolsOf(scores_)},
                     {"evaluation_seconds", seconds}});
}

}  // namespace helio::train
