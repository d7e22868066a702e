#pragma once
#include <string>
#include <vector>

#include "src/base/json.h"
#include "src/base/precision.h"
#include "src/base/safetensors.h"
#include "src/nn/module.h"

namespace helio::parity {

// Largest relative L2 difference |ours - reference| / |reference| that a tensor may show.
struct Tolerance {
  double out = 0;
  double grad = 0;
  double sum = 1e-5;  // of a large map's recorded sum: |difference| / sqrt(elements * sum of squares)
  std::vector<std::pair<std::string, double>> special = {};  // by the beginning of a name; the first counts
  double rounded = 0;  // in a float64 replay: of what was recorded in float32 only

  double Limit(const std::string& name) const;
};

// What a comparison of one case found.
struct Verdict {
  struct Worst {
    double error = 0;
    std::string tensor = "-";
  };
  int64_t compared = 0;
  Worst out, grad;
  std::vector<std::string> failures;  // a line each: too far away, never computed, misshapen
};

// One recorded case of the published code: weights, inputs and cotangents to replay it with, and the values
// that it gave. The case's replay hands in what it computed under the recorded names (Give...); Compare holds
// every recorded value against it, so a value that the replay forgets is a failure. Not thread-safe.
class Fixture {
 public:
  // `dtype`: what the replay runs in. float64 compares with the recorded float64 run ("ref64." names), and
  // with the float32 one where there is no other.
  // `precision`: of training loops (--precision).
  Fixture(const std::filesystem::path& path, torch::ScalarType dtype,
          Precision precision = Precision::kFloat32);

  const std::string& where() const { return where_; }
  torch::ScalarType dtype() const { return dtype_; }
  Precision precision() const { return precision_; }
  // HELIO_PARITY_DEVICE ("cuda"); else the host. Where the replay computes; comparisons are the host's.
  torch::Device device() const { return device_; }
  std::string Metadata(const std::string& key) const;
  // A field of the metadata's hparams.
  template <typename T = int64_t>
  T Hyper(const std::string& key) const {
    return JsonField<T>(hyper_, key, where_);
  }
  // A number of them as an option's text, as JSON writes it; of a list the element `i`.
  std::string HyperText(const std::string& key) const { return Hyper<Json>(key).dump(); }
  std::string HyperText(const std::string& key, size_t i) const { return Hyper<Json>(key).at(i).dump(); }

  bool Has(const std::string& name) const { return file_.Find(name) != nullptr; }
  // Recorded steps of a training loop: those that have inputs.
  int64_t Iterations() const;
  // A writable copy on the run's device; floating point in its dtype. CHECKs that it is there.
  torch::Tensor Get(const std::string& name) const;
  // A network's tensor under its recorded name, parameter or buffer.
  torch::Tensor State(const std::string& name) const {
    return Get((Has("param." + name) ? "param." : "buffer.") + name);
  }
  torch::Tensor Leaf(const std::string& name) const { return Get(name).requires_grad_(); }
  torch::Tensor Mask(const std::string& name) const { return Get(name).to(torch::kBool); }
  // "in.<name>_u8" in [-1, 1], or "in.<name>_upN_u8", stored N times smaller.
  torch::Tensor Image(const std::string& name) const;
  torch::Tensor ImageLeaf(const std::string& name) const { return Image(name).requires_grad_(); }
  // sum(output * cotangent): what the published run differentiated.
  torch::Tensor Pull(const std::string& name, const torch::Tensor& output) const;

  // Takes the recorded "param." and "buffer." tensors with this prefix, all of them except those under
  // `except`, and brings the module to the run's device and dtype.
  void Load(torch::nn::Module& module, const std::string& prefix = "", const std::string& except = "") const;

  void Give(const std::string& name, const torch::Tensor& ours);
  void GiveGradients(const torch::nn::Module& module, const std::string& tag = "",
                     const std::string& prefix = "");
  void GiveBuffers(const torch::nn::Module& module, const std::string& tag = "",
                   const std::string& prefix = "");

  Verdict Compare(const Tolerance& tolerance) const;
  // Of a training loop: the largest relative difference of a recorded loss |ours - recorded| /
  // max(|recorded|, 0.1), iteration by iteration.
  std::vector<double> LossErrors() const;

 private:
  double LimitFor(const std::string& stored, const std::string& name, const Tolerance& tolerance) const;
  void CompareOne(const std::string& name, const torch::Tensor& recorded, double limit, double sum_limit,
                  Verdict& verdict) const;

  SafeTensors file_;
  std::string where_;
  Json hyper_;
  torch::ScalarType dtype_;
  Precision precision_;
  torch::Device device_;
  std::map<std::string, torch::Tensor> ours_;
};

}  // namespace helio::parity
