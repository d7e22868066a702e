#pragma once

namespace helio {

// Adam (Kingma and Ba, arXiv:1412.6980) with a moving average of the parameters beside it.
struct AdamOptions {
  // What becomes of the second moment v after t steps, c = 1 - beta2^t.
  enum class Rule {
    kCorrected,  // sqrt(v / c) + epsilon: the paper's
    kTorch7,     // (sqrt(v) + epsilon) / sqrt(c): Torch7's optim.adam
    kRmsProp,    // sqrt(v) + epsilon: with beta1 0 it is RMSprop (Tieleman and Hinton, 2012), beta2 its decay
  };

  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double ema_decay = 0;  // > 0: keeps a moving average of the parameters
  Rule rule = Rule::kCorrected;
};

}  // namespace helio
