#include "src/report/html_page.h"

#include <algorithm>

#include "src/base/json.h"
#include "src/report/data_uri.h"
#include "src/report/page_parts.h"
#include "src/report/page_text.h"
#include "src/report/published_scores.h"
#include "src/report/thinning.h"

namespace helio::report {
namespace {

// Points as rows [step, mean, least, most, deviation].
Json CurveJson(const Curve& curve, size_t most) {
  Json rows = Json::array();
  for (const auto& point : Thinned(curve.points, most))
    rows.push_back({point.step, point.mean, point.least, point.most, point.deviation});
  return {{"points", rows}, {"protocol", curve.protocol}};
}

Json CurvesJson(const std::map<std::string, Curve>& curves, size_t most) {
  Json all = Json::object();
  for (const auto& [name, curve] : curves)
    if (!curve.points.empty()) all[name] = CurveJson(curve, most);
  return all;
}

// Adds `picture` to `pictures`, or says in `concerns` why not.
void AddPicture(const Picture& picture, const PageOptions& options, Json& pictures,
                std::vector<std::string>& concerns) {
  std::error_code error;
  const auto bytes = std::filesystem::file_size(picture.file, error);
  if (error || bytes > options.picture_bytes) {
    concerns.push_back(picture.file.string() + ": left out, " +
                       (error ? error.message() : std::to_string(bytes >> 20) + " MiB is too large"));
    return;
  }
  Json entry = {{"name", picture.name}, {"uri", DataUri(ReadFile(picture.file), "image/png")}};
  if (picture.step) entry["step"] = *picture.step;
  pictures.push_back(std::move(entry));
}

Json PicturesJson(const std::vector<Picture>& pictures, size_t most, const PageOptions& options,
                  std::vector<std::string>& concerns) {
  Json all = Json::array();
  for (const size_t i : EvenlyChosen(pictures.size(), most)) AddPicture(pictures[i], options, all, concerns);
  return all;
}

Json SummaryJson(const RunRecord& run) {
  Json all = Json::object();
  for (const auto& [section, scores] : run.summary)
    for (const auto& [name, score] : scores)
      all[section][name] = {
          {"value", score.value}, {"deviation", score.deviation}, {"protocol", score.protocol}};
  return all;
}

Json RunJson(RunRecord& run, const PageOptions& options) {
  Json json = {{"name", run.name}, {"folder", run.folder.string()}, {"steps", run.last_step()}};
  json["options"] = run.options;
  json["losses"] = CurvesJson(run.losses, options.curve_points);
  json["scores"] = CurvesJson(run.scores, options.curve_points);
  json["speed"] = CurveJson(run.speed, options.curve_points);
  json["summary"] = SummaryJson(run);
  json["samples"] = PicturesJson(run.samples, options.samples, options, run.concerns);
  json["pictures"] = PicturesJson(run.pictures, options.pictures, options, run.concerns);
  if (run.pictures.size() > options.pictures)
    run.concerns.push_back(std::to_string(run.pictures.size() - options.pictures) + " of " +
                           std::to_string(run.pictures.size()) + " pictures left out (--pictures)");
  json["concerns"] = run.concerns;
  return json;
}

Json PublishedJson() {
  Json rows = Json::array();
  for (const auto& row : PublishedScores())
    rows.push_back({{"system", row.system},
                    {"set", row.set},
                    {"score", row.score},
                    {"value", row.value},
                    {"deviation", row.deviation},
                    {"source", row.source}});
  return rows;
}

}  // namespace

std::string HtmlPage(std::vector<RunRecord> runs, const PageOptions& options) {
  Json data = {{"runs", Json::array()}, {"published", PublishedJson()}, {"caveat", kPublishedCaveat}};
  for (auto& run : runs) data["runs"].push_back(RunJson(run, options));
  return FilledPage(kPageHtml, kPageStyle, kPageScript, data);
}

}  // namespace helio::report
