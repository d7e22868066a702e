// PPGN's generator, sampler and training (family/ANCESTORS.md sections 2, 3 and 8).
#include "src/nn/ppgn_sampler.h"
#include "src/recipes/ppgn.h"
#include "tests/parity/cases.h"
#include "tests/parity/trajectory.h"

namespace helio::parity {
namespace {

// The recorded encoder and condition network: code = relu(fc6), features = the map before.
class InversionStandIn : public nn::ImageTrunk {
 public:
  InversionStandIn(int64_t channels, int64_t side, int64_t code) : channels_(channels), code_(code) {
    const int64_t pooled = ((side - 4) / 2 + 1 - 2) / 2;
    conv1_ = register_module("conv1", torch::nn::Conv2d(torch::nn::Conv2dOptions(3, channels, 4).stride(2)));
    conv2_ = register_module("conv2", torch::nn::Conv2d(torch::nn::Conv2dOptions(channels, channels, 3)));
    fc6_ = register_module("fc6", torch::nn::Linear(channels * pooled * pooled, code));
  }
  nn::ImageFeatures forward(const torch::Tensor& images) override {
    const auto map = torch::max_pool2d(conv2_(conv1_(images).relu()).relu(), 2);
    return {map, fc6_(map.flatten(1)).relu()};
  }
  int64_t region_channels() const override { return channels_; }
  int64_t pooled_channels() const override { return code_; }

 private:
  const int64_t channels_, code_;
  torch::nn::Conv2d conv1_{nullptr}, conv2_{nullptr};
  torch::nn::Linear fc6_{nullptr};
};

// Outputs of a recorded layer.
int64_t Outputs(const Fixture& fixture, const std::string& layer) {
  return fixture.State(layer + ".weight").size(0);
}

struct StandInSizes {
  int64_t channels = 0, side = 0, code = 0;
};

// Those of the recorded one, "E." or "K.".
StandInSizes StandInOf(const Fixture& fixture, const std::string& prefix, int64_t side) {
  return {Outputs(fixture, prefix + "conv1"), side, Outputs(fixture, prefix + "fc6")};
}

std::shared_ptr<InversionStandIn> MakeStandIn(const StandInSizes& sizes) {
  return std::make_shared<InversionStandIn>(sizes.channels, sizes.side, sizes.code);
}

// As a trunk of this name, for MakeSystem.
constexpr char kInversionTrunk[] = "inversion_stand_in";
StandInSizes registered;

void RegisterInversionTrunk(const StandInSizes& sizes) {
  registered = sizes;
  nn::RegisterImageTrunk(kInversionTrunk,
                         []() -> std::shared_ptr<nn::ImageTrunk> { return MakeStandIn(registered); });
}

// Recorded names of the small generator's and the classifier's tensors.
std::string RecordedName(const std::string& ours) {
  static const auto& names = *new std::vector<std::pair<std::string, std::string>>{
      {"defc3.", "fc1."},       {"defc2.", "fc2."},       {"deconv2.", "deconv3."}, {"conv2_1.", "conv3_1."},
      {"deconv1.", "deconv2."}, {"deconv0.", "deconv1."}, {"fc.", "fc8."}};
  for (const auto& [own, recorded] : names)
    if (ours.starts_with(own)) return recorded + ours.substr(own.size());
  return ours;
}

void LoadRenamed(const Fixture& fixture, torch::nn::Module& module, const std::string& prefix) {
  const torch::NoGradGuard no_grad;
  module.to(fixture.device(), fixture.dtype());
  for (auto& [name, tensor] : StateOf(module))
    torch::Tensor(tensor).copy_(fixture.Get("param." + prefix + RecordedName(name)));
}

// Caffe's: gates i, f, o, g; the state is multiplied by `cont` before use.
class CaffeLstmImpl : public torch::nn::Module {
 public:
  CaffeLstmImpl(int64_t in, int64_t size, int64_t constant) {
    x_ = register_module("x", torch::nn::Linear(in, 4 * size));
    if (constant > 0)
      static_ = register_module("static",
                                torch::nn::Linear(torch::nn::LinearOptions(constant, 4 * size).bias(false)));
    h_ = register_module("h", torch::nn::Linear(torch::nn::LinearOptions(size, 4 * size).bias(false)));
  }
  struct State {
    torch::Tensor h, c;
  };
  State forward(const torch::Tensor& input, const torch::Tensor& cont, const State& before,
                const torch::Tensor& constant = {}) {
    auto gates = x_(input) + h_(cont * before.h);
    if (constant.defined()) gates = gates + static_(constant);
    const auto parts = gates.chunk(4, 1);
    const auto c = cont * parts[1].sigmoid() * before.c + parts[0].sigmoid() * parts[3].tanh();
    return {parts[2].sigmoid() * c.tanh(), c};
  }

 private:
  torch::nn::Linear x_{nullptr}, static_{nullptr}, h_{nullptr};
};
TORCH_MODULE(CaffeLstm);

// The captioner that PPGN was published with (LRCN): its second layer sees the features at every word. Word 0
// begins and ends a sentence.
class LrcnImpl : public torch::nn::Module {
 public:
  LrcnImpl(int64_t vocabulary, int64_t size, int64_t features) : size_(size) {
    embedding_ = register_module("embedding", torch::nn::Embedding(vocabulary, size));
    lstm1_ = register_module("lstm1", CaffeLstm(size, size, 0));
    lstm2_ = register_module("lstm2", CaffeLstm(size, size, features));
    predict_ = register_module("predict", torch::nn::Linear(size, vocabulary));
  }
  // log p of each word {B, L}. `truncated`: the recurrent state is data, so that a word's gradient goes to
  // the features of its own step only.
  torch::Tensor forward(const torch::Tensor& features, const torch::Tensor& sentence, bool truncated) {
    const auto zero = features.new_zeros({features.size(0), size_});
    CaffeLstmImpl::State first{zero, zero}, second{zero, zero};
    std::vector<torch::Tensor> words;
    for (int64_t t = 0; t < sentence.size(0); ++t) {
      const auto before = t > 0 ? sentence[t - 1] : torch::zeros_like(sentence[0]);
      const auto cont = before.ne(0).to(features.dtype());
      first = lstm1_(embedding_(before.expand({features.size(0)})), cont, first);
      second = lstm2_(first.h, cont, second, features);
      words.push_back(predict_(second.h).log_softmax(1).select(1, sentence[t].item<int64_t>()));
      if (truncated) second = {second.h.detach(), second.c.detach()};
    }
    return torch::stack(words, 1);
  }

 private:
  const int64_t size_;
  torch::nn::Embedding embedding_{nullptr};
  CaffeLstm lstm1_{nullptr}, lstm2_{nullptr};
  torch::nn::Linear predict_{nullptr};
};
TORCH_MODULE(Lrcn);

class LrcnCondition : public nn::ChainCondition {
 public:
  LrcnCondition(nn::Classifier net, Lrcn captioner, torch::Tensor sentence, bool truncated)
      : net_(std::move(net)),
        captioner_(std::move(captioner)),
        sentence_(std::move(sentence)),
        truncated_(truncated) {}
  Judgement Of(const torch::Tensor& pictures) override {
    const auto words = captioner_(net_(pictures), sentence_, truncated_);
    return {words.sum(), words.detach().exp().mean(1)};
  }

 private:
  nn::Classifier net_;
  Lrcn captioner_;
  const torch::Tensor sentence_;
  const bool truncated_;
};

// Transposed convolutions have their outputs in the second place.
nn::CodeGeneratorOptions SmallGeneratorOf(const Fixture& fixture) {
  const auto maps = [&](const char* layer) {
    return fixture.State(std::string("G.") + layer + ".weight").size(1);
  };
  return {maps("fc1"),
          {Outputs(fixture, "G.fc1")},
          {Outputs(fixture, "G.fc2") / 16, maps("deconv3"), maps("conv3_1"), maps("deconv2")},
          1};
}

std::string ListOf(const std::vector<int64_t>& numbers) {
  std::string list;
  for (const int64_t number : numbers) list += (list.empty() ? "" : ",") + std::to_string(number);
  return list;
}

class ChainReplay {
 public:
  explicit ChainReplay(Fixture& fixture)
      : fixture_(fixture),
        generator_(SmallGeneratorOf(fixture)),
        encoder_(MakeStandIn(StandInOf(fixture, "E.", fixture.Hyper("size_e"))), Outputs(fixture, "E.fc8")),
        net_(MakeStandIn(StandInOf(fixture, "K.", fixture.Hyper("size_c"))), Outputs(fixture, "K.fc8")),
        lrcn_(fixture.Hyper("VOCAB"), fixture.Hyper("LSTM"), fixture.Hyper("CLASSES")),
        stream_(fixture.Hyper("CLASSES"), fixture.Hyper("HID"), fixture.Hyper("VOCAB")) {
    LoadRenamed(fixture, *generator_, "G.");
    LoadRenamed(fixture, *encoder_, "E.");
    LoadRenamed(fixture, *net_, "K.");
    fixture.Load(*lrcn_, "lrcn.");
    fixture.Load(*stream_, "stream.");
  }

  void Run() {
    const auto logits = [this](const torch::Tensor& pictures) { return net_(pictures); };
    const auto units = fixture_.Get("in.units"), sentence = fixture_.Get("in.sentence");
    nn::ClassCondition published(logits, units, false), exact(logits, units, true);
    LrcnCondition lrcn(net_, lrcn_, sentence, true), full(net_, lrcn_, sentence, false);
    const int64_t rows = fixture_.Get("in.h").size(0);
    nn::CaptionCondition stream(logits, stream_, sentence.expand({rows, -1}),
                                torch::full({rows}, sentence.size(0), torch::kInt64));
    Chain("class_published", published);
    Chain("class_exact", exact);
    Chain("caption_published", lrcn);
    Chain("caption_full", full);
    Chain("caption_stream", stream);
  }

 private:
  void Chain(const std::string& name, nn::ChainCondition& condition) {
    const nn::ChainNets nets{[this](const torch::Tensor& h) { return generator_(h); },
                             [this](const torch::Tensor& pictures) { return encoder_->Pooled(pictures); },
                             fixture_.Hyper("size_e"), fixture_.Hyper("size_c")};
    auto code = fixture_.Get("in.h");
    const auto epsilon = fixture_.Hyper<std::vector<double>>("EPS");
    const nn::ChainOptions options{.epsilon1 = epsilon[0],
                                   .epsilon2 = epsilon[1],
                                   .epsilon3 = epsilon[2],
                                   .rate = fixture_.Hyper<double>("LR"),
                                   .last_rate = fixture_.Hyper<double>("LR_END"),
                                   .highest = torch::full({}, 30, code.options())};
    const int64_t last = fixture_.Hyper("N_ITERS");
    for (int64_t i = 0; i <= last; ++i) {
      const auto number = "it" + std::to_string(i) + ".";
      const auto step = nn::StepChain(code, nets, condition, fixture_.Get("in." + number + "noise"),
                                      options.RateOf(i, last), options);
      code = step.code;
      const auto prefix = "out." + name + "." + number;
      fixture_.Give(prefix + "h", code);
      fixture_.Give(prefix + "prob", step.probability);
      if (i == 0) {
        fixture_.Give(prefix + "d_prior", step.prior);
        fixture_.Give(prefix + "d_cond", step.pull);
      }
      if (i == last) fixture_.Give("out." + name + ".x", nn::CentreCrop(step.picture, nets.condition_side));
    }
  }

  Fixture& fixture_;
  nn::CodeGenerator generator_;
  nn::Classifier encoder_, net_;
  Lrcn lrcn_;
  nn::CaptionDecoder stream_;
};

// "G." for "netG.", "E." for the classifier.
std::string PpgnNameOf(const std::string& name) {
  const auto part = name.find('.') + 1;
  const auto prefix = name.starts_with("classifier.") ? std::string("E.") : name.substr(3, part - 3);
  return prefix + RecordedName(name.substr(part));
}

OptionValues PpgnOptionsOf(const Fixture& fixture) {
  const auto weight = [&](const char* name) { return fixture.Hyper<Json>("lam").at(name).dump(); };
  const auto generator = SmallGeneratorOf(fixture);
  return {{"generator_hidden", ListOf(generator.hidden)},
          {"generator_channels", ListOf(generator.channels)},
          {"generator_convolutions", std::to_string(generator.convolutions)},
          {"picture_critic", "small"},
          {"df", std::to_string(Outputs(fixture, "D.conv1"))},
          {"image_trunk", kInversionTrunk},
          {"encoder_classes", std::to_string(Outputs(fixture, "E.fc8"))},
          {"encoder_side", fixture.HyperText("size_e")},
          {"steered_by", "class"},
          {"image_weight", weight("img")},
          {"feature_weight", weight("h1")},
          {"code_weight", weight("h")},
          {"adversarial_weight", weight("adv")},
          {"g_rate", fixture.HyperText("lr")},
          {"d_rate", fixture.HyperText("lr")},
          {"beta1", fixture.HyperText("beta1")}};
}

dataio::Batch PpgnBatchOf(const Fixture& fixture, const std::string& it) {
  dataio::Batch batch;
  batch.data().images = {fixture.Image(it + "x")};
  const int64_t rows = fixture.Hyper("B");
  batch.rows = {0, rows, rows};
  return batch;
}

// Those of the discriminator were recorded without their weight.
void GiveUnweighted(Fixture& fixture, const train::StepReport& report, const std::string& prefix) {
  const double weight = fixture.Hyper<Json>("lam").at("adv").get<double>();
  for (const auto& term : report.terms)
    if (term.phase == "d") fixture.Give(prefix + "d_" + term.name, term.value / weight);
}

}  // namespace

void ReplayPpgnGenerator(Fixture& fixture) {
  const auto shape = fixture.Hyper<Json>("PPGN");
  auto channels = shape.at("channels").get<std::vector<int64_t>>();
  channels.pop_back();  // the picture's
  const int64_t width = shape.at("width");
  int64_t convolutions = 0;  // those behind doublings: conv5_1, ...
  for (int64_t i = 0; i < std::ssize(channels); ++i)
    convolutions += fixture.Has("param.conv" + std::to_string(i) + "_1.weight") ? 1 : 0;
  nn::CodeGenerator generator(
      nn::CodeGeneratorOptions{shape.at("code").get<int64_t>(), {width, width}, channels, convolutions});
  fixture.Load(*generator);
  const auto code = fixture.Leaf("in.h");
  const auto image = generator(code);
  fixture.Give("out.image", image);
  fixture.Pull("image", image).backward();
  fixture.Give("grad.in.h", code.grad());
  fixture.GiveGradients(*generator);
}

void ReplayPpgnChain(Fixture& fixture) { ChainReplay(fixture).Run(); }

void ReplayPpgnTrajectory(Fixture& fixture) {
  RegisterInversionTrunk(StandInOf(fixture, "E.", fixture.Hyper("size_e")));
  ReplayLoop(
      fixture,
      {.system = "ppgn",
       .options = PpgnOptionsOf(fixture),
       .data = {.vocabulary = 2},
       .rate_factor = 0,
       .batch = [&](const std::string& it) { return PpgnBatchOf(fixture, it); },
       .losses =
           {.terms = {{"g.image", "img"}, {"g.features", "h1"}, {"g.code", "h"}, {"g.adversarial", "adv"}},
            .phases = {{"g", "errG"}}},
       .other_losses = [&](const train::StepReport& report,
                           const std::string& prefix) { GiveUnweighted(fixture, report, prefix); },
       .recorded = PpgnNameOf,
       .all_recorded = false});
}

}  // namespace helio::parity
