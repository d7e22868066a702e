#include "src/train/step_profile.h"

#include <algorithm>
#include <cstdlib>
#include <iomanip>
#include <optional>
#include <set>
#include <sstream>

#include "src/base/error.h"
// clang-format off
#include <torch/csrc/autograd/profiler_kineto.h>
// clang-format on

namespace helio::train {
namespace {

namespace profiler = torch::autograd::profiler;
using torch::profiler::impl::ActivityType;

constexpr size_t kOperatorsShown = 15;

torch::profiler::impl::ProfilerConfig Config() {
  return torch::profiler::impl::ProfilerConfig(torch::profiler::impl::ProfilerState::KINETO);
}

std::set<ActivityType> Activities() {
  std::set<ActivityType> activities{ActivityType::CPU};
  if (at::hasCUDA() && at::detail::getCUDAHooks().deviceCount() > 0) activities.insert(ActivityType::CUDA);
  return activities;
}

using Times = std::map<std::string, double>;

// Seconds by name in operators themselves, without those that they call. Events of a thread are nested.
Times OwnSeconds(const std::vector<profiler::KinetoEvent>& events) {
  std::map<uint64_t, std::vector<const profiler::KinetoEvent*>> threads;
  for (const auto& event : events)
    if (event.deviceType() == c10::DeviceType::CPU) threads[event.startThreadId()].push_back(&event);
  Times seconds;
  for (auto& [thread, own] : threads) {
    std::ranges::stable_sort(own, {}, [](const auto* event) { return event->startNs(); });
    std::vector<const profiler::KinetoEvent*> open;
    for (const auto* event : own) {
      while (!open.empty() && open.back()->endNs() <= event->startNs()) open.pop_back();
      if (!open.empty()) seconds[open.back()->name()] -= static_cast<double>(event->durationNs()) * 1e-9;
      seconds[event->name()] += static_cast<double>(event->durationNs()) * 1e-9;
      open.push_back(event);
    }
  }
  return seconds;
}

Times KernelSeconds(const std::vector<profiler::KinetoEvent>& events) {
  Times seconds;
  for (const auto& event : events)
    if (event.deviceType() != c10::DeviceType::CPU)
      seconds[event.name()] += static_cast<double>(event.durationNs()) * 1e-9;
  return seconds;
}

// The `most` dearest lines, a step's milliseconds each.
std::string Table(const std::string& title, const Times& seconds, int64_t steps, size_t most) {
  std::vector<std::pair<double, std::string>> lines;
  for (const auto& [name, value] : seconds) lines.emplace_back(value, name);
  std::ranges::sort(lines, std::greater());
  if (lines.size() > most) lines.resize(most);
  std::ostringstream text;
  text << "\n  ms a step  " << title << std::fixed << std::setprecision(2);
  for (const auto& [value, name] : lines)
    text << "\n" << std::setw(11) << 1e3 * value / static_cast<double>(steps) << "  " << name;
  return text.str();
}

// "FROM-TO".
std::optional<std::pair<int64_t, int64_t>> Parsed(const std::string& steps) {
  std::istringstream text(steps);
  int64_t from = 0, to = 0;
  char dash = 0;
  if (!(text >> from >> dash >> to) || dash != '-' || !text.eof() || from < 1 || to < from) return {};
  return std::pair(from, to);
}

}  // namespace

StepProfile::StepProfile(const std::string& steps, std::filesystem::path folder, int rank)
    : folder_(std::move(folder)), rank_(rank) {
  if (!Admits(steps))
    ThrowUser("'" + steps + "' is no range of steps", "--profile", "FROM-TO, for example 21-24");
  std::tie(from_, to_) = Parsed(steps).value_or(std::pair<int64_t, int64_t>(0, 0));
}

bool StepProfile::Admits(const std::string& steps) { return steps.empty() || Parsed(steps); }

StepProfile::~StepProfile() {
  if (recording_) profiler::disableProfiler();
}

void StepProfile::Before(int64_t step) {
  if (from_ == 0 || recording_ || step < from_ || step > to_) return;
  ::setenv("KINETO_LOG_LEVEL", "6", /*overwrite=*/0);  // it calls a machine without a GPU an ERROR
  profiler::prepareProfiler(Config(), Activities());
  profiler::enableProfiler(
      Config(), Activities(),
      {at::RecordScope::FUNCTION, at::RecordScope::BACKWARD_FUNCTION, at::RecordScope::USER_SCOPE});
  recording_ = true;
  from_ = step;  // later than it was asked for in a run that resumed among these steps
}

void StepProfile::Add(const StepReport& report) {
  if (recording_) parts_.insert(parts_.end(), report.parts.begin(), report.parts.end());
}

void StepProfile::After(int64_t step, const StepReport& report) {
  if (!recording_) return;
  Add(report);
  last_ = step;
  ++recorded_;
  if (step == to_) Finish();
}

void StepProfile::End() {
  if (recording_) return Finish();
  if (from_ > 0 && rank_ == 0)
    LOG(WARNING) << "--profile=" << from_ << "-" << to_
                 << ": none of these steps was done, there is no trace";
}

void StepProfile::Finish() {
  recording_ = false;
  const auto from = std::exchange(from_, 0);
  const auto result = profiler::disableProfiler();
  const auto file = folder_ / ("rank-" + std::to_string(rank_) + ".json");
  std::error_code failed;
  std::filesystem::create_directories(folder_, failed);
  result->save(file.string());
  std::map<std::string, double> seconds;
  for (const auto& part : parts_) seconds[part.name] += part.time.seconds();
  if (!std::filesystem::exists(file, failed)) {
    LOG(WARNING) << file.string() << ": the trace cannot be written";
    return;
  }
  const auto kernels = KernelSeconds(result->events());
  LOG(INFO) << "steps " << from << " to " << last_ << " of rank " << rank_ << ": " << file.string()
            << " (ui.perfetto.dev shows it)" << Table("part", seconds, recorded_, kOperatorsShown)
            << Table("operator, on the host", OwnSeconds(result->events()), recorded_, kOperatorsShown)
            << (kernels.empty() ? "" : Table("kernel", kernels, recorded_, kOperatorsShown));
}

}  // namespace helio::train
