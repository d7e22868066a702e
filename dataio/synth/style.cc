#include "dataio/synth/style.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace helio::dataio {
namespace {

// Moonlight: colours fade towards their brightness, which is dimmed, red most and blue least.
std::array<uint8_t, 3> AtNight(const uint8_t* pixel) {
  constexpr double kKept = .5;
  constexpr std::array<double, 3> kLight = {.36, .44, .66}, kSky = {6, 10, 28};
  const double brightness = .299 * pixel[0] + .587 * pixel[1] + .114 * pixel[2];
  std::array<uint8_t, 3> night{};
  for (size_t channel = 0; channel < 3; ++channel) {
    const double faded = brightness + kKept * (pixel[channel] - brightness);
    night[channel] =
        static_cast<uint8_t>(std::lround(std::clamp(kSky[channel] + kLight[channel] * faded, 0.0, 255.0)));
  }
  return night;
}

}  // namespace

Image InStyle(Image image, DrawnStyle style) {
  if (style == DrawnStyle::kDay) return image;
  for (size_t i = 0; i < image.pixels.size(); i += 3)
    std::ranges::copy(AtNight(&image.pixels[i]), &image.pixels[i]);
  return image;
}

}  // namespace helio::dataio
