#include "src/recipes/gawwn.h"

#include "src/base/error.h"
#include "src/nn/gawwn_critic.h"
#include "src/nn/gawwn_generator.h"
#include "src/recipes/module_drawer.h"
#include "src/recipes/places.h"

namespace helio::recipes {
namespace {

// What the variants differ in: nets, and what of the data tells them places.
struct BoxVariant {
  using Generator = nn::GawwnBoxGenerator;
  using Critic = nn::GawwnBoxCritic;
  static void AddNeeds(dataio::DomainNeeds& needs) { needs.boxes = true; }
  static const torch::Tensor& Of(const dataio::Domain& data) { return data.boxes; }
  static const torch::Tensor& Of(const Prompt& prompt) { return prompt.boxes; }
  static torch::Tensor Place(const torch::Tensor& boxes, int64_t side) {
    return ThetaOfDomain(boxes, side, nn::PlaceSide(side));
  }
  static constexpr const char* kFlag = "--box";
  static constexpr const char* kHelp =
      "left, top, width, height as parts of the picture: --box=0.2,0.3,0.5,0.4";
};

struct KeypointVariant {
  using Generator = nn::GawwnKeypointGenerator;
  using Critic = nn::GawwnKeypointCritic;
  static void AddNeeds(dataio::DomainNeeds& needs) { needs.key_points = true; }
  static const torch::Tensor& Of(const dataio::Domain& data) { return data.key_points; }
  static const torch::Tensor& Of(const Prompt& prompt) { return prompt.key_points; }
  static torch::Tensor Place(const torch::Tensor& points, int64_t side) {
    return PointMaps(PointsOfDomain(points, side), nn::PlaceSide(side));
  }
  static constexpr const char* kFlag = "--points";
  static constexpr const char* kHelp =
      "name:x,y,... as parts of the picture: --points=beak:0.8,0.3,tail:0.1,0.6";
};

// A generator of pictures and its discriminator.
template <typename Variant>
class GawwnPictures : public GawwnGame {
 public:
  GawwnPictures(const GawwnOptions& options, const Surroundings& surroundings)
      : GawwnGame(options, surroundings),
        generator_(nn::GawwnGeneratorOptions{.embedding = sentences_.size(),
                                             .z = options.z,
                                             .gf = options.gf,
                                             .side = options.base_side,
                                             .points = std::ssize(surroundings.data.key_points)}),
        critic_(nn::GawwnCriticOptions{.embedding = sentences_.size(),
                                       .projection = options.text_projection,
                                       .df = options.df,
                                       .side = options.base_side,
                                       .points = std::ssize(surroundings.data.key_points)}) {
    Begin(*generator_, *critic_, surroundings.seed);
  }

  std::vector<dataio::DomainNeeds> Needs() const override {
    dataio::DomainNeeds needs{.sides = {options_.base_side}, .words = options_.words};
    Variant::AddNeeds(needs);
    sentences_.AddNeeds(needs);
    return {needs};
  }

  std::unique_ptr<Drawer> MakeDrawer() override {
    return std::make_unique<ModuleDrawer>(
        *generator_, norm_scope_, "netG",
        [this](const Prompt& prompt, const DrawingRows& rows) { return Draw(prompt, rows); });
  }

 protected:
  void Imagine(GawwnStep& step) override {
    step.real = step.data.images.back();
    step.place = step.context.noise ? step.context.noise("place")
                                    : Variant::Place(Variant::Of(step.data), options_.base_side);
    const auto noise = step.context.Noise("noise", step.batch.rows, options_.z);
    step.fake = generator_->forward(noise, step.sentence, step.place);
  }

  std::vector<torch::Tensor> Logits(const GawwnStep& step, const torch::Tensor& wrong) override {
    const auto real = critic_->Look(step.real, wrong.defined() ? 2 : 1);
    std::vector<torch::Tensor> logits{critic_->Judge(real, step.place, step.sentence)};
    if (wrong.defined()) logits.push_back(critic_->Judge(real, step.place, wrong));
    logits.push_back(critic_->Judge(critic_->Look(step.shown), step.place, step.sentence));
    return logits;
  }

 private:
  Pictures Draw(const Prompt& prompt, const DrawingRows& rows) {
    const auto& asked = Variant::Of(prompt);
    if (!asked.defined()) ThrowUser("this system must be told where to draw", Variant::kFlag, Variant::kHelp);
    const auto like = generator_->parameters().front();
    const auto place = Variant::Place(asked.to(like.device(), like.scalar_type()), options_.base_side);
    const auto sentence = sentences_.Of(prompt, like.device()).to(like.scalar_type());
    const auto noise = DrawingNoise(rows, "noise", options_.z, like);
    return {{generator_->forward(noise, sentence, place)}, {}};
  }

  typename Variant::Generator generator_;
  typename Variant::Critic critic_;
};

}  // namespace

std::unique_ptr<System> MakeGawwnBox(const GawwnOptions& options, const Surroundings& surroundings) {
  return std::make_unique<GawwnPictures<BoxVariant>>(options, surroundings);
}

std::unique_ptr<System> MakeGawwnKeypoint(const GawwnOptions& options, const Surroundings& surroundings) {
  if (surroundings.data.key_points.empty())
    ThrowUser("the data set has no key points", "--data", "this system needs them, as CUB has them");
  return std::make_unique<GawwnPictures<KeypointVariant>>(options, surroundings);
}

}  // namespace helio::recipes
