#include "src/report/metric_lines.h"

#include <algorithm>
#include <cmath>

#include "src/base/json.h"

namespace helio::report {
namespace {

// The lines of one file on their way into a record.
class LineReader {
 public:
  LineReader(std::string prefix, RunRecord& run) : prefix_(std::move(prefix)), run_(run) {}

  void Read(const std::string& text, bool last);
  void TellConcerns(const std::string& file) const;

 private:
  void ReadLosses(int64_t step, const Json& line);
  void ReadScores(int64_t step, const Json& line);
  // The score's curve of that protocol.
  Curve& CurveOf(const std::string& name, const std::string& protocol);
  // Null is how a value that is not finite is written.
  void Append(Curve& curve, int64_t step, const Json& value, double deviation = 0);

  const std::string prefix_;
  RunRecord& run_;
  int64_t damaged_ = 0, not_finite_ = 0;
};

void LineReader::Read(const std::string& text, bool last) {
  const Json line = Json::parse(text, nullptr, false);
  const auto step = line.is_object() ? line.find("step") : line.end();
  if (!line.is_object() || step == line.end() || !step->is_number_integer()) {
    if (!last) ++damaged_;
    return;
  }
  ReadLosses(step->get<int64_t>(), line);
  ReadScores(step->get<int64_t>(), line);
  if (line.contains("images_per_second"))
    Append(run_.speed, step->get<int64_t>(), line.at("images_per_second"));
}

void LineReader::ReadLosses(int64_t step, const Json& line) {
  const auto losses = line.find("losses");
  if (losses == line.end() || !losses->is_object()) return;
  for (const auto& [term, value] : losses->items()) Append(run_.losses[term], step, value);
}

void LineReader::ReadScores(int64_t step, const Json& line) {
  const auto scores = line.find("scores");
  if (scores == line.end() || !scores->is_object()) return;
  const auto of = [&](const char* key, const std::string& name) {
    const auto all = line.find(key);
    return all != line.end() && all->is_object() && all->contains(name) ? all->at(name) : Json();
  };
  for (const auto& [name, value] : scores->items()) {
    const Json deviation = of("deviations", name), protocol = of("protocols", name);
    Append(CurveOf(name, protocol.is_string() ? protocol.get<std::string>() : ""), step, value,
           deviation.is_number() ? deviation.get<double>() : 0);
  }
}

// Numbers of different protocols do not compare: they make no common curve.
Curve& LineReader::CurveOf(const std::string& name, const std::string& protocol) {
  const std::string first = prefix_ + name;
  for (int number = 1;; ++number) {
    const auto key = number == 1 ? first : first + " (" + std::to_string(number) + ")";
    const auto [found, is_new] = run_.scores.try_emplace(key);
    if (is_new) found->second.protocol = protocol;
    if (found->second.protocol == protocol) return found->second;
  }
}

void LineReader::Append(Curve& curve, int64_t step, const Json& value, double deviation) {
  if (value.is_number() && std::isfinite(value.get<double>()))
    curve.points.push_back({step, value.get<double>(), deviation});
  else
    ++not_finite_;
}

void LineReader::TellConcerns(const std::string& file) const {
  if (damaged_ > 0)
    run_.concerns.push_back(file + ": " + std::to_string(damaged_) + " damaged lines were left out");
  if (not_finite_ > 0)
    run_.concerns.push_back(file + ": " + std::to_string(not_finite_) +
                            " values that are not finite were left out");
}

void SortCurve(Curve& curve) { std::ranges::stable_sort(curve.points, {}, &Point::step); }

}  // namespace

void ReadMetricLines(const std::filesystem::path& file, const std::string& prefix, RunRecord& run) {
  const std::string text = ReadFile(file);
  LineReader reader(prefix, run);
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\n', begin);
    // A line without its end is being written.
    if (const auto line = text.substr(begin, end - begin); !line.empty())
      reader.Read(line, end == std::string::npos);
    begin = end == std::string::npos ? text.size() : end + 1;
  }
  reader.TellConcerns(file.string());
  for (auto& [name, curve] : run.losses) SortCurve(curve);
  for (auto& [name, curve] : run.scores) SortCurve(curve);
  SortCurve(run.speed);
}

}  // namespace helio::report
