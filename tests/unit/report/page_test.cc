#include <gtest/gtest.h>

#include "src/base/file_system.h"
#include "src/report/data_uri.h"
#include "src/report/html_page.h"
#include "src/report/markdown.h"
#include "src/report/thinning.h"
#include "tests/support/scratch_folder.h"

namespace helio::report {
namespace {

// RFC 4648, section 10.
TEST(DataUriTest, EncodesTheExamplesOfTheStandard) {
  const std::vector<std::pair<std::string, std::string>> examples{
      {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : examples) EXPECT_EQ(DataUri(bytes, "a/b"), "data:a/b;base64," + text);
  EXPECT_EQ(DataUri("\xff\xfe\xfd", "a/b"), "data:a/b;base64,//79");
}

TEST(ThinningTest, KeepsPeaksAndTheLastStep) {
  std::vector<Point> points;
  for (int64_t step = 1; step <= 1000; ++step) points.push_back({step, step == 333 ? 50.0 : 1.0});
  const auto thin = Thinned(points, 10);
  ASSERT_EQ(thin.size(), 10u);
  EXPECT_EQ(thin.back().step, 1000);
  EXPECT_EQ(thin[3].most, 50);
  EXPECT_NEAR(thin[3].mean, 1.49, 1e-12);
  EXPECT_EQ(Thinned(points, 5000).size(), 1000u);
  EXPECT_TRUE(Thinned({}, 10).empty());
}

TEST(ThinningTest, ChoosesFirstAndLast) {
  EXPECT_EQ(EvenlyChosen(5, 3), (std::vector<size_t>{0, 2, 4}));
  EXPECT_EQ(EvenlyChosen(2, 3), (std::vector<size_t>{0, 1}));
  EXPECT_EQ(EvenlyChosen(7, 1), (std::vector<size_t>{6}));
  EXPECT_TRUE(EvenlyChosen(0, 3).empty());
}

RunRecord Named(const std::string& name) {
  RunRecord run;
  run.name = name;
  run.losses["g/kl"].points = {{1, 2.0}};
  return run;
}

TEST(HtmlPageTest, TextOfARunCannotEndTheScript) {
  auto run = Named("</script><script>alert(1)</script>");
  run.options["data"] = "</script><!--";
  const auto page = HtmlPage({run}, {});
  EXPECT_EQ(page.find("alert(1)</script>"), std::string::npos);
  EXPECT_EQ(page.find("</script><!--"), std::string::npos);
  EXPECT_NE(page.find("\\u003c/script>\\u003cscript>alert(1)"), std::string::npos);
}

TEST(HtmlPageTest, LoadsNothingFromElsewhere) {
  const auto page = HtmlPage({Named("run")}, {});
  for (const auto* loader :
       {"src=\"http", "href=\"http", "url(", "@import", "/*DATA*/", "/*STYLE*/", "/*SCRIPT*/"})
    EXPECT_EQ(page.find(loader), std::string::npos) << loader;
}

TEST(HtmlPageTest, NamesPicturesItLeavesOut) {
  const ScratchFolder scratch("report_page");
  WriteFileAtomically(scratch.path() / "big.png", std::string(3 << 20, 'x'));
  auto run = Named("run");
  run.pictures = {{"big", scratch.path() / "big.png", {}}, {"gone", scratch.path() / "gone.png", {}}};
  const auto page = HtmlPage({run}, {.picture_bytes = 1 << 20});
  EXPECT_NE(page.find("big.png: left out, 3 MiB is too large"), std::string::npos);
  EXPECT_NE(page.find("gone.png: left out, No such file"), std::string::npos);
}

TEST(MarkdownTest, ShowsScoresDifferencesAndThePapers) {
  auto a = Named("a"), b = Named("b");
  a.options = {{"recipe", "mirrorgan"}, {"seed", "1"}};
  b.options = {{"recipe", "mirrorgan"}, {"seed", "2"}};
  a.summary["generated"]["r_precision_top1"] = {0.625, 0.01, "N=300 | seed=1"};
  b.summary["eval-b/generated"]["inception_score"] = {4, 0.5, "N=300"};
  b.summary["eval-b/real"]["real_inception_score"] = {5, 0.5, "N=300"};
  const auto text = MarkdownReport({a, b});
  EXPECT_NE(text.find("| a | generated | r_precision_top1 | 0.625 ± 0.01 | N=300 \\| seed=1 |"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("| seed | 1 | 2 |"), std::string::npos);
  EXPECT_EQ(text.find("| recipe | mirrorgan | mirrorgan |"), std::string::npos);
  EXPECT_NE(text.find("| MirrorGAN | CUB | r_precision_top1 | 0.5767 | MirrorGAN, table 2 |"),
            std::string::npos);
  EXPECT_NE(text.find("| **a** |  | r_precision_top1 | 0.625 ± 0.01 | this report |"), std::string::npos);
  EXPECT_NE(text.find("| **b** |  | inception_score | 4 ± 0.5 | this report, eval-b |"), std::string::npos);
  EXPECT_EQ(text.find("| **b** |  | real_"), std::string::npos);
}

}  // namespace
}  // namespace helio::report
