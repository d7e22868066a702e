#include "src/train/loss_report.h"

#include <iomanip>
#include <map>
#include <sstream>

namespace helio::train {
namespace {

// {n} float64 on the host, a mean a term.
torch::Tensor MeansOf(const std::vector<StepReport::Term>& terms, cluster::Communicator& communicator) {
  std::vector<torch::Tensor> values;
  for (const auto& term : terms) values.push_back(term.value);
  const auto means = OnHost(values);
  communicator.Await(communicator.AllReduce(means, cluster::Reduce::kMean, "losses"));
  return means;
}

std::string LineOf(const std::map<std::string, double>& phases) {
  std::ostringstream line;
  line << std::fixed << std::setprecision(3);
  for (const auto& [phase, value] : phases) line << "  " << phase << " " << value;
  return line.str();
}

}  // namespace

LossReport ReportLosses(const StepReport& step, cluster::Communicator& communicator,
                        TrainingMetrics& metrics) {
  const auto means = MeansOf(step.terms, communicator);
  LossReport report;
  std::map<std::string, double> phases;
  for (size_t i = 0; i < step.terms.size(); ++i) {
    const auto& term = step.terms[i];
    const double value = means[static_cast<int64_t>(i)].item<double>();
    report.terms[term.phase + "/" + term.name] = value;
    phases[term.phase] += value;
    metrics.Loss(term.phase, term.name, value);
  }
  report.line = LineOf(phases);
  return report;
}

}  // namespace helio::train
