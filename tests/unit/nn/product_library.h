#pragma once
#include <gtest/gtest.h>

#include "src/nn/product.h"

namespace helio::nn {

// While it lives, `library` multiplies.
class WithProductLibrary {
 public:
  explicit WithProductLibrary(ProductLibrary library) : before_(ChosenProductLibrary()) {
    ChooseProductLibrary(library);
  }
  ~WithProductLibrary() { ChooseProductLibrary(before_); }
  WithProductLibrary(const WithProductLibrary&) = delete;
  WithProductLibrary& operator=(const WithProductLibrary&) = delete;

 private:
  const ProductLibrary before_;
};

inline void ExpectNear(const torch::Tensor& got, const torch::Tensor& expected, double relative) {
  ASSERT_EQ(got.sizes(), expected.sizes());
  EXPECT_LE((got - expected).abs().max().item<double>(), relative * expected.abs().max().item<double>());
}

}  // namespace helio::nn
