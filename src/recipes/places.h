#pragma once
#include "src/base/tensor.h"

// Where things are in a picture, with the arithmetic of reedscot/nips2016's loaders: whole pixels, counted
// from 1. All tensors float64 where not said otherwise, on any device.
namespace helio::recipes {

// How pictures were shown: squeezed to load x load pixels, cut to fine x fine behind `offsets`, mirrored.
struct Showing {
  torch::Tensor sizes;     // {B, 2}: width and height before
  torch::Tensor offsets;   // {B, 2}: x, y
  torch::Tensor mirrored;  // {B} bool
  int64_t load = 150, fine = 128;
};

// boxes {B, 4}: left, top, width, height in pixels of the picture before. In pixels of what is shown: a box
// that is cut at the left or top keeps its size; one that is cut at the right or bottom loses what is beyond,
// at worst all.
torch::Tensor BoxesShown(const torch::Tensor& boxes, const Showing& showing);
// The theta {B, 2, 3} that crops such boxes (nn/spatial_transformer.h).
torch::Tensor ThetaOf(const torch::Tensor& boxes, int64_t fine);

// points {B, P, 3}: x, y in pixels of the picture before, and whether they are visible. x and y of what is
// shown, divided by `fine`; points that were cut off stay, at its edge or beyond 1.
torch::Tensor PointsShown(const torch::Tensor& points, const Showing& showing);
// points {B, P, 3} in units of the picture: {B, P, cells, cells}, a one in the cell of each visible point.
torch::Tensor PointMaps(const torch::Tensor& points, int64_t cells);

// The theta of boxes {B, 4} in units of a picture of `side` pixels (dataio::Domain::boxes). No box (width 0)
// is the whole picture; one without any area left is as large as one of the `cells` of a side of PointMaps.
torch::Tensor ThetaOfDomain(const torch::Tensor& boxes, int64_t side, int64_t cells);
// key points {B, P, 3} of a Domain, likewise: in steps of a pixel.
torch::Tensor PointsOfDomain(const torch::Tensor& points, int64_t side);

// What a generator of key points learns from: points that are not visible are zeros.
torch::Tensor VisiblePoints(const torch::Tensor& points);

}  // namespace helio::recipes
