#include "src/eval/report.h"

#include <cstdio>

#include "src/base/safetensors.h"

namespace helio::eval {
namespace {

std::string Row(const Score& score, size_t width) {
  std::array<char, 64> numbers{};
  std::snprintf(numbers.data(), numbers.size(), "%10.4f +- %-9.4f", score.value, score.deviation);
  return score.name + std::string(width - score.name.size(), ' ') + numbers.data() + "  " + score.protocol +
         "\n";
}

Json SectionOf(const std::vector<Score>& scores) {
  Json section = Json::object();
  for (const auto& score : scores)
    section[score.name] = {
        {"value", score.value}, {"deviation", score.deviation}, {"protocol", score.protocol}};
  return section;
}

// Of earlier evaluations; an empty one where there was none.
Json SummaryIn(const std::filesystem::path& file) {
  Json summary = Exists(file) ? ReadJson(file) : Json::object();
  if (!summary.is_object()) ThrowData("is not a JSON object", file.string(), "remove it");
  return summary;
}

}  // namespace

Json ScoreLine(int64_t step, const std::vector<Score>& scores) {
  Json values = Json::object(), deviations = Json::object(), protocols = Json::object();
  for (const auto& score : scores) {
    values[score.name] = score.value;
    deviations[score.name] = score.deviation;
    protocols[score.name] = score.protocol;
  }
  return {{"step", step}, {"scores", values}, {"deviations", deviations}, {"protocols", protocols}};
}

void AppendScores(const std::filesystem::path& evaluation_jsonl, int64_t step,
                  const std::vector<Score>& scores) {
  std::ofstream file(evaluation_jsonl, std::ios::app);
  file << JsonText(ScoreLine(step, scores)) << '\n';
  file.close();
  if (!file)
    throw Error(ErrorKind::kSystem, "cannot be written", evaluation_jsonl.string(), "is the disk full?");
  SyncFile(evaluation_jsonl);
}

void CheckReportPlaces(const std::filesystem::path& out, const std::filesystem::path& features) {
  CheckCanWrite(out / "summary.json");
  SummaryIn(out / "summary.json");
  if (!features.empty()) CheckCanWrite(features);
}

void UpdateSummary(const std::filesystem::path& summary_json, const std::vector<SummarySection>& sections) {
  Json summary = SummaryIn(summary_json);
  if (!summary.contains("sources") || !summary["sources"].is_object()) summary["sources"] = Json::object();
  for (const auto& section : sections) {
    summary.erase(section.name);
    summary["sources"].erase(section.name);
    if (section.scores.empty()) continue;
    summary[section.name] = SectionOf(section.scores);
    summary["sources"][section.name] = section.source;
  }
  WriteFileAtomically(summary_json, JsonText(summary, 2) + "\n");
}

std::string FormatScores(const std::vector<Score>& scores) {
  size_t width = 0;
  for (const auto& score : scores) width = std::max(width, score.name.size());
  std::string table;
  for (const auto& score : scores) table += Row(score, width);
  return table;
}

void WriteFeatures(const std::filesystem::path& path, const FeatureOrigin& origin,
                   const NamedTensors& features) {
  WriteSafeTensors(path, features,
                   {{"judge", origin.judge}, {"drawn_split", origin.drawn}, {"real_split", origin.real}});
}

}  // namespace helio::eval
