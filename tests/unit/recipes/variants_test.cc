// Options of the published programs beside those of their main tables.
#include <gtest/gtest.h>

#include "cluster/solo_communicator.h"
#include "cluster/thread_communicator.h"
#include "src/base/error.h"
#include "src/recipes/places.h"
#include "tests/support/error_of.h"
#include "tests/unit/recipes/toy_training.h"

namespace helio::testing {
namespace {

OptionValues With(const OptionValues& values) {
  auto options = ToyOptions();
  for (const auto& [name, value] : values) options[name] = value;
  return options;
}

class Variants : public ::testing::Test {
 protected:
  std::unique_ptr<recipes::System> Make(const std::string& recipe, const OptionValues& values = {}) {
    return recipes::MakeSystem(recipe, With(values), {solo_, solo_, 7, {{}, /*random=*/true}, ToyFacts()});
  }

  static NamedTensors Played(const std::string& recipe, const OptionValues& values, int ranks,
                             int64_t steps) {
    NamedTensors state;
    cluster::RunThreadRanks(ranks, [&](cluster::Communicator& communicator) {
      ToyTraining training(recipe, communicator, {}, With(values));
      for (int64_t step = 0; step < steps; ++step)
        for (const double loss : training.Step(step, step)) EXPECT_TRUE(std::isfinite(loss)) << recipe;
      if (communicator.rank() == 0) state = training.State();
    });
    return state;
  }

  SoloBatch solo_;
};

// AttnGAN's code, cfg/bird_attnDCGAN2.yml: D_NET256(b_jcu=False).
TEST_F(Variants, AttnDcgansDiscriminatorSeesTheSentenceOnly) {
  for (const auto& part : Make("attn_dcgan")->Parts())
    for (const auto& [name, tensor] : part.tensors)
      EXPECT_EQ(name.find("UNCOND_DNET"), std::string::npos) << name;
}

TEST_F(Variants, RefiningStagesMayHaveNoResidualBlocks) {
  for (const char* recipe : {"attngan", "attn_dcgan", "mirrorgan", "stackgan2", "stackgan_pp"})
    EXPECT_FALSE(Played(recipe, {{"residual_blocks", "0"}}, 1, 1).empty()) << recipe;
}

TEST_F(Variants, AReleasedSnapshotIsTheSameOnAnyNumberOfRanks) {
  const DefaultDtype in_double(torch::kFloat64);
  const OptionValues released{{"fidelity", "released"}, {"snapshot_interval", "2"}, {"ema_decay", "0.9"}};
  const auto alone = Played("stackgan_pp", released, 1, 5), two = Played("stackgan_pp", released, 2, 5);
  for (size_t i = 0; i < alone.size(); ++i)
    EXPECT_LE(Distance(two[i].second, alone[i].second), 1e-9) << alone[i].first;
  auto corrected = released;
  corrected["fidelity"] = "corrected";
  const auto other = Played("stackgan_pp", corrected, 1, 5);
  EXPECT_FALSE(torch::equal(alone.front().second, other.front().second));
}

// ranks_test plays every system by its defaults.
TEST_F(Variants, AreTheSameOnAnyNumberOfRanks) {
  const DefaultDtype in_double(torch::kFloat64);
  const std::vector<std::pair<std::string, OptionValues>> variants{
      {"stackgan_pp", {{"conditional", "false"}, {"colour_weight", "50"}}},
      {"stackgan_pp", {{"uncond_weight", "0"}}},
      {"stackgan2", {{"sentence", "damsm"}}},
      {"gan_int_cls", {{"interpolation", "random"}, {"critic", "coco"}}},
      {"gan_int_cls", {{"interpolation", "none"}, {"cls_weight", "0"}}},
      {"gawwn_box", {{"cls_weight", "0"}}},
      {"gawwn_keypoint_generator", {{"cls_weight", "0.5"}}},
      {"cyclegan", {{"gan_loss", "vanilla"}, {"lambda_identity", "0"}, {"pool_size", "0"}}},
      {"ppgn", {{"picture_critic", "deep"}, {"generator_channels", "4,4,4,3,3"}, {"steered_by", "class"}}},
      {"ppgn", {{"loss_units", "absolute"}, {"balance", "false"}}},
      {"char_cnn_rnn", {{"matches", "captions"}, {"optimizer", "adam"}, {"char_rnn", "rnn8"}}}};
  for (const auto& [recipe, values] : variants) {
    // Its toy's embeddings hardly differ: gradients are roundings of these, and Adam divides them by their
    // size.
    const double tolerance = recipe == "char_cnn_rnn" ? 1e-6 : 1e-9;
    const auto alone = Played(recipe, values, 1, 3), three = Played(recipe, values, 3, 3);
    ASSERT_EQ(three.size(), alone.size());
    for (size_t i = 0; i < alone.size(); ++i)
      EXPECT_LE(Distance(three[i].second, alone[i].second), tolerance)
          << recipe << " with " << ToFlagfile(values) << alone[i].first;
  }
}

TEST_F(Variants, AnUnconditionalTreeDrawsOfNoiseAlone) {
  const auto system = Make("stackgan_pp", {{"conditional", "false"}});
  EXPECT_FALSE(system->Needs()[0].reads_captions());
  const auto drawer = system->MakeDrawer();
  recipes::Prompt rows;
  rows.classes = torch::zeros({3}, torch::kInt64);
  drawer->ReestimateStatistics({rows, rows}, 1);
  EXPECT_EQ(drawer->Draw(rows, recipes::RowsOf(1, {0, 3, 3})).images.back().size(0), 3);
}

// cvpr2016, main_txt_coco.lua: Adam with beta1 0.5, the rate lowered as an epoch begins whose number is a
// multiple.
TEST_F(Variants, CharCnnRnnOnCaptionsIsCocosProgram) {
  const auto phase =
      Make(
          "char_cnn_rnn",
          {{"matches", "captions"}, {"optimizer", "adam"}, {"rate_decay", "0.5"}, {"rate_decay_steps", "50"}})
          ->Rounds()[0][0];
  EXPECT_EQ(phase.optimizer.beta1, 0.5);
  const auto rate = [&](int64_t step) { return phase.rate({.step = step, .steps_per_epoch = 10}); };
  EXPECT_EQ(rate(39), 1);
  EXPECT_EQ(rate(40), 0.5);
}

// Torch7's programs count epochs from 1 and halve as the 100th begins: the first stage is one epoch short,
// unlike StackGAN's. The key-point generator's, too.
TEST_F(Variants, RatesAreHalvedWhenTheProgramsHalveThem) {
  const auto rates = [&](const char* recipe) {
    std::vector<double> factors;
    const auto system = Make(recipe, {{"decay_epochs", "3"}, {"ema_decay", "0"}});
    for (const auto& round : system->Rounds())
      for (const int64_t step : {19, 20, 29, 30, 49, 50})
        factors.push_back(round[0].rate({.step = step, .steps_per_epoch = 10}));
    return factors;
  };
  for (const char* recipe : {"gan_int_cls", "gawwn_box", "gawwn_keypoint", "gawwn_keypoint_generator"})
    EXPECT_EQ(rates(recipe), (std::vector<double>{1, .5, .5, .5, .5, .25, 1, .5, .5, .5, .5, .25})) << recipe;
  for (const char* recipe : {"stackgan1", "stackgan2"})
    EXPECT_EQ(rates(recipe), (std::vector<double>{1, 1, 1, .5, .5, .5, 1, 1, 1, .5, .5, .5})) << recipe;
}

// cvpr2016: x 0.98 each 150 steps, as many as there are classes.
TEST_F(Variants, CharCnnRnnsRateGoesDownByTheStep) {
  const auto rate = [phase = Make("char_cnn_rnn")->Rounds()[0][0]](int64_t step) {
    return phase.rate({.step = step, .steps_per_epoch = 10});
  };
  EXPECT_EQ(rate(149), 1);
  EXPECT_EQ(rate(150), 0.98);
  EXPECT_NEAR(rate(29999), std::pow(0.98, 199), 1e-12);
}

// AttnGAN's cfg/DAMSM: crops of 299, which are no GAN's stage.
TEST_F(Variants, DamsmIsTrainedOnCropsOfItsOwn) {
  const OptionValues crops{{"crop_side", "37"}};
  EXPECT_EQ(Make("damsm")->Needs()[0].sides, std::vector<int64_t>{32});
  EXPECT_EQ(Make("damsm", crops)->Needs()[0].sides, std::vector<int64_t>{37});
  EXPECT_FALSE(Played("damsm", crops, 1, 1).empty());
  EXPECT_THROW(Played("damsm", {{"crop_side", "15"}}, 1, 1), Error);  // four halvings
}

// A rank alone with a part of the batch, as --batch_norm=local --negatives=local has it: its part is a batch.
TEST_F(Variants, AClassifierOfRanksThatKnowNoOthersLearnsAMean) {
  const auto system = Make("classifier");
  const auto loss = [&](const RowRange& rows) {
    auto batch = ToyBatch(0, {0, 3, kToyBatch}, torch::kFloat32, system->Needs());
    batch.rows = rows;
    const auto step = system->Prepare(batch, {});
    return system->Rounds()[0][0].loss(*step)[0].value.item<double>();
  };
  EXPECT_EQ(loss({0, 3, kToyBatch}), loss({0, 3, 3}));
}

// A file of something else would leave the trunk random, which is frozen by default.
TEST_F(Variants, ATrunkDoesNotStartFromWhatIsNoClassifier) {
  recipes::PretrainedWeights weights;
  weights.by_role["classifier"] = {{"caption_cnn.local.0.weight", torch::zeros({32, 3, 4, 4})}};
  for (const char* recipe : {"damsm", "captioner", "char_cnn_rnn"})
    EXPECT_NE(ErrorOf([&] {
                recipes::MakeSystem(recipe, ToyOptions(), {solo_, solo_, 7, weights, ToyFacts()});
              })
                  .find("has no tensor 'classifier.*' (pass a best.safetensors of helio-pretrain "
                        "--recipe=classifier"),
              std::string::npos)
        << recipe;
}

TEST_F(Variants, WidthsThatCannotBeHalvedAreRefused) {
  EXPECT_THROW(Make("stackgan_pp", {{"stages", "4"}, {"gf", "4"}, {"base_side", "8"}}), Error);
  EXPECT_THROW(Make("stackgan2", {{"gf", "2"}}), Error);
  EXPECT_NO_THROW(Make("stackgan1", {{"gf", "2"}}));
}

TEST_F(Variants, ABoxThatIsCutAwayIsACellOfItsPicturesMap) {
  const auto beyond = torch::tensor({1.5, 1.5, 0.3, 0.3}, torch::kFloat64).view({1, 4});
  for (const auto& [side, cells] : {std::pair{16, 8}, {32, 16}, {128, 16}})
    EXPECT_DOUBLE_EQ(recipes::ThetaOfDomain(beyond, side, cells)[0][1][1].item<double>(), 1.0 / cells);
}

// Nothing may be of a size because the tests beside this one, or the fixtures, have it.
class OtherDimensions : public ::testing::TestWithParam<std::string> {
 protected:
  static constexpr ToySizes kSizes{.rows = 5, .words = 9, .vocabulary = 13, .embedding = 4, .points = 3};

  static OptionValues Options() {
    return With({{"base_side", "8"},
                 {"stages", "3"},
                 {"gf", "6"},
                 {"df", "3"},
                 {"z", "3"},
                 {"condition", "11"},
                 {"embedding", "10"},
                 {"word_vector", "5"},
                 {"words", "9"},
                 {"residual_blocks", "3"},
                 {"caption_embedding", "5"},
                 {"caption_hidden", "3"},
                 {"text_projection", "7"},
                 {"char_conv1", "3"},
                 {"char_conv2", "2"},
                 {"char_width", "4"},
                 {"side", "20"},
                 {"d_layers", "1"},
                 {"pool_size", "4"},
                 {"generator_hidden", "4,9,5"},
                 {"generator_channels", "5,7,3,4,2"},
                 {"generator_convolutions", "2"},
                 {"crop_side", "21"},
                 {"iterations", "2"}});
  }

  static void Draw(recipes::Drawer& drawer, const dataio::Batch& batch) {
    const auto images =
        drawer.Draw(recipes::PromptOf(batch.data()), recipes::RowsOf(1, {0, kSizes.rows, kSizes.rows}))
            .images;
    EXPECT_EQ(images.back().size(0), kSizes.rows);
    EXPECT_TRUE(images.back().isfinite().all().item<bool>());
  }
};

TEST_P(OtherDimensions, AreTrainedAndDrawn) {
  for (const int ranks : {1, 2})
    cluster::RunThreadRanks(ranks, [&](cluster::Communicator& communicator) {
      ToyTraining training(GetParam(), communicator, {}, Options(), kSizes);
      for (int64_t step = 0; step < 2; ++step)
        for (const double loss : training.Step(step, step)) EXPECT_TRUE(std::isfinite(loss));
      if (communicator.rank() > 0) return;
      const auto batch =
          ToyBatch(5, {0, kSizes.rows, kSizes.rows}, torch::kFloat32, training.system().Needs(), kSizes);
      if (const auto drawer = training.system().MakeDrawer()) Draw(*drawer, batch);
    });
}

INSTANTIATE_TEST_SUITE_P(Systems, OtherDimensions, ::testing::ValuesIn(recipes::SystemNames()),
                         [](const auto& recipe) { return recipe.param; });

}  // namespace
}  // namespace helio::testing
