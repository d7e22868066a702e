#pragma once

namespace helio {

// Adam (Kingma and Ba, arXiv:1412.6980) with a moving average of the parameters beside it.
struct AdamOptions {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double ema_decay = 0;  // > 0: keeps a moving average of the parameters
};

}  // namespace helio
