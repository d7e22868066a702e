#include <iostream>

#include "src/app/flags.h"
#include "src/app/main.h"
#include "src/base/error.h"
#include "src/base/file_system.h"
#include "src/base/log.h"
#include "src/report/html_page.h"
#include "src/report/markdown.h"
#include "src/report/study.h"

namespace helio::app {
namespace {

struct ReportOptions {
  std::string out;
  int64_t samples = 24, pictures = 48, curve_points = 400, groups = 100;
  bool study = false;

  void Declare(OptionList& list) {
    list.Add(
        "out", &out, AnyValue(),
        "Folder for index.html and report.md; empty: 'report' in the run's folder, where one run is named");
    list.Add("samples", &samples, Between(1, 1000), "Sample pictures of a run, evenly chosen over its steps");
    list.Add("pictures", &pictures, Between(0, 1000), "Other pictures of a run, at most");
    list.Add("study", &study, AnyValue(),
             "In place of the report a page on which people rank what the runs drew of the same captions");
    list.Add("groups", &groups, Between(1, 1000), "Groups of pictures that a study shows, at most");
    list.Add("curve_points", &curve_points, Between(10, 100'000), "Points of a curve, at most");
  }
};

std::vector<std::string> folders;

int MakeStudy(const ReportOptions& options) {
  if (options.out.empty()) ThrowUser("is missing", "--out", "name a folder for the study's page");
  const auto study = report::ReadStudy(folders, static_cast<size_t>(options.groups));
  const auto out = std::filesystem::path(options.out) / "study.html";
  CheckNotReadOnly(out);
  MakeFolders(out.parent_path());
  const auto page = report::StudyPage(study);
  WriteFileAtomically(out, page);
  std::cout << "study: " << out.string() << " (" << page.size() / 1024 << " KiB), " << study.groups.size()
            << " groups of " << study.runs.size() << " pictures\n";
  return 0;
}

int Run() {
  const auto options = OptionsFrom<ReportOptions>(GivenFlags());
  if (folders.empty()) ThrowUser("no run is named", "helio-report", "helio-report RUN_DIR...");
  if (options.study) return MakeStudy(options);
  if (options.out.empty() && folders.size() > 1)
    ThrowUser("is missing", "--out", "several runs have no common folder: name one");
  const auto runs = report::ReadRuns(folders);
  const auto out = options.out.empty() ? runs[0].folder / "report" : std::filesystem::path(options.out);
  CheckNotReadOnly(out);
  const auto page = report::HtmlPage(runs, {.curve_points = static_cast<size_t>(options.curve_points),
                                            .samples = static_cast<size_t>(options.samples),
                                            .pictures = static_cast<size_t>(options.pictures)});
  MakeFolders(out);
  WriteFileAtomically(out / "index.html", page);
  WriteFileAtomically(out / "report.md", report::MarkdownReport(runs));
  for (const auto& run : runs)
    for (const auto& concern : run.concerns) LOG(WARNING) << concern;
  std::cout << "report: " << (out / "index.html").string() << " (" << page.size() / 1024 << " KiB), "
            << (out / "report.md").string() << '\n';
  return 0;
}

}  // namespace
}  // namespace helio::app

int main(int argc, char** argv) {
  helio::app::RegisterFlagsOf<helio::app::ReportOptions>();
  return helio::app::Main(
      argc, argv,
      {.usage = "helio-report shows runs on one page: helio-report RUN_DIR... [--out=DIR]; or asks "
                "people: helio-report --study DIR DIR... --out=DIR",
       .arguments = &helio::app::folders},
      &helio::app::Run);
}
