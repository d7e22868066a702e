#pragma once
#include <functional>
#include <string>
#include <vector>

#include "src/base/named_tensors.h"
#include "src/base/tensor.h"

namespace helio::eval {

// One rank's pictures to be scored and the captions they were drawn from (or belong to). B rows. What an
// evaluator does not read may stay undefined.
struct EvalBatch {
  torch::Tensor positions;  // {B} int64: the sample's number in the whole evaluation, unique over all ranks
  torch::Tensor images;     // {B, 3, s, s} float32 in [-1, 1]
  std::vector<torch::Tensor> several;  // as images: of each caption pictures from different noise
  torch::Tensor captions;              // {B, words} int64 word ids, 0 = padding
  torch::Tensor lengths;               // {B} int64
  torch::Tensor classes;               // {B} int64; unique per record where the data set has no classes
  torch::Tensor real;   // {B, 3, s', s'} float32 in [-1, 1]: real pictures to compare the distribution with
  torch::Tensor asked;  // {B, parts} int64: the colour that the caption asks for, -1 where it names none
  torch::Tensor boxes;  // {B, 4}: where the bird is to be, in units of the side
};

// A number and how it was computed. `protocol` names everything that the number depends on: sample count,
// splits or folds, seed, digest of the judging weights.
struct Score {
  std::string name;  // "inception_score", "r_precision_top1"; shares are in [0, 1]
  double value = 0;
  double deviation = 0;  // population standard deviation over splits or folds; 0 where the score has none
  std::string protocol;
};

// A judging network as evaluators use it: no gradient, evaluation mode, any device; returns one row per
// picture.
using ImageFunction = std::function<torch::Tensor(const torch::Tensor& images)>;
// The same for padded captions {B, words} with lengths {B} in any order.
using TextFunction =
    std::function<torch::Tensor(const torch::Tensor& captions, const torch::Tensor& lengths)>;

// A score that streams. Each rank consumes its share of the samples in any order and batch size; the partial
// states of all ranks are merged, and every rank finishes from the merged state (evaluation.cc). The result
// depends on the samples and their positions only, never on how they were split. Not thread-safe, never
// collective.
class Evaluator {
 public:
  explicit Evaluator(std::string name) : name_(std::move(name)) {}
  virtual ~Evaluator() = default;
  const std::string& name() const { return name_; }  // prefix of its scores' names

  // Copies what it keeps of the batch to the CPU, and so waits for the device.
  virtual void Consume(const EvalBatch& batch) = 0;

  // The state of what this rank has consumed, as CPU tensors: a row for each sample, or rows of moments, as
  // the evaluator chooses. Names, dtypes and all dimensions but the first are the same on every rank that
  // consumed something; empty where nothing was consumed. May share memory with the evaluator.
  virtual NamedTensors Partial() = 0;

  // The merged partial states as they are scored and kept in a file. `rows`: size of the data set that was
  // evaluated.
  virtual NamedTensors Settled(NamedTensors merged, int64_t /*rows*/) const { return merged; }
  // Whether these may be wanted in a file (EvaluationOptions::features_file); true for one evaluator at most.
  virtual bool is_worth_a_file() const { return false; }

  // The scores of merged partial states, settled, or of the same tensors read back from a file. Throws
  // Error{kUser} where there are too few samples.
  virtual std::vector<Score> Finish(const NamedTensors& merged) const = 0;

 private:
  std::string name_;
};

// How a protocol names a judge: " judge=..."; empty where `judge` is.
std::string JudgeInProtocol(const std::string& judge);

// The rows of all ranks, concatenated. Where there is a tensor "positions", rows are put into its order and
// repeated positions are dropped, so that the result is the same for every number of ranks. Empty partials
// are skipped. Beside its arguments and its result it needs as much memory as the largest tensor takes; rows
// that are in order are not copied. Throws Error{kData} where two partials do not fit together.
NamedTensors MergePartials(std::vector<NamedTensors> partials);

// The tensor `name`; throws Error{kUser} naming `where` if it is absent.
const torch::Tensor& FindTensor(const NamedTensors& tensors, const std::string& name,
                                const std::string& where);

// Rows collected batch by batch under fixed names: the state of most evaluators.
class RowCollector {
 public:
  void Add(const NamedTensors& rows);  // first dimension = rows; stored on the CPU
  NamedTensors Rows();                 // joined; the batches are given up for them

 private:
  std::vector<NamedTensors> batches_;
};

struct MeanDeviation {
  double mean = 0;
  double deviation = 0;       // population, as numpy.std
  std::vector<double> parts;  // a value per fold
};
// Not empty.
MeanDeviation Summarize(std::vector<double> parts);

// Means over the folds [i*N/folds, (i+1)*N/folds) of values {N}. N >= folds, else Error{kUser}.
MeanDeviation FoldMeans(const torch::Tensor& values, int64_t folds);

}  // namespace helio::eval
