#include "src/report/markdown.h"

#include <cstdio>
#include <set>

#include "src/report/published_scores.h"

namespace helio::report {
namespace {

using Rows = std::vector<std::vector<std::string>>;

std::string Number(double value, double deviation) {
  char text[64];
  std::snprintf(text, sizeof text, deviation > 0 ? "%.4g ± %.2g" : "%.4g", value, deviation);
  return text;
}

// A cell: one line, no bar.
std::string Cell(std::string text) {
  for (size_t at = 0; (at = text.find_first_of("|\r\n", at)) != std::string::npos; at += 2)
    text.replace(at, 1, text[at] == '|' ? "\\|" : "  ");
  return text;
}

std::string Line(const std::vector<std::string>& cells) {
  std::string line = "|";
  for (const auto& cell : cells) line += " " + Cell(cell) + " |";
  return line + "\n";
}

std::string Table(const std::vector<std::string>& head, const Rows& rows) {
  std::string text = Line(head) + "|";
  for (size_t i = 0; i < head.size(); ++i) text += "---|";
  text += "\n";
  for (const auto& row : rows) text += Line(row);
  return text + "\n";
}

std::string RunsTable(const std::vector<RunRecord>& runs) {
  Rows rows;
  for (const auto& run : runs)
    rows.push_back({run.name, run.OptionOf("recipe"), std::to_string(run.last_step()), run.OptionOf("batch"),
                    run.OptionOf("seed"), run.folder.string()});
  return Table({"run", "system", "steps", "batch", "seed", "folder"}, rows);
}

std::string ScoresTable(const std::vector<RunRecord>& runs) {
  Rows rows;
  for (const auto& run : runs)
    for (const auto& [section, scores] : run.summary)
      for (const auto& [name, score] : scores)
        rows.push_back({run.name, section, name, Number(score.value, score.deviation), score.protocol});
  if (rows.empty()) return "No run was evaluated by helio-eval.\n\n";
  return Table({"run", "pictures", "score", "value", "protocol"}, rows);
}

std::string DifferencesTable(const std::vector<RunRecord>& runs) {
  std::set<std::string> names;
  for (const auto& run : runs)
    for (const auto& [name, value] : run.options) names.insert(name);
  std::vector<std::string> head{"option"};
  for (const auto& run : runs) head.push_back(run.name);
  Rows rows;
  for (const auto& name : names) {
    std::vector<std::string> row{name};
    std::set<std::string> values;
    for (const auto& run : runs) values.insert(row.emplace_back(run.OptionOf(name)));
    if (values.size() > 1) rows.push_back(row);
  }
  return rows.empty() ? "" : "## Options that differ\n\n" + Table(head, rows);
}

// "this report", and which of its evaluations where there are several.
std::string SourceOf(const std::string& section) {
  const auto end = section.rfind('/');
  return end == std::string::npos ? "this report" : "this report, " + section.substr(0, end);
}

std::string PaperTable(const std::vector<RunRecord>& runs) {
  Rows rows;
  for (const auto& row : PublishedScores())
    rows.push_back({row.system, row.set, row.score, Number(row.value, row.deviation), row.source});
  for (const auto& run : runs)
    for (const auto& [section, scores] : run.summary)
      for (const auto& [name, score] : scores)
        if (IsOfGenerated(section) && (name == "inception_score" || name.starts_with("r_precision_top")))
          rows.push_back({"**" + run.name + "**", run.OptionOf("data"), name,
                          Number(score.value, score.deviation), SourceOf(section)});
  return Table({"system", "set", "score", "value", "source"}, rows);
}

}  // namespace

std::string MarkdownReport(const std::vector<RunRecord>& runs) {
  std::string text = "# Report\n\n" + RunsTable(runs) + "## Scores\n\n" + ScoresTable(runs);
  if (runs.size() > 1) text += DifferencesTable(runs);
  text += "## Beside the papers\n\n" + std::string(kPublishedCaveat) + "\n\n" + PaperTable(runs);
  for (const auto& run : runs)
    for (const auto& concern : run.concerns) text += "- " + concern + "\n";
  return text;
}

}  // namespace helio::report
