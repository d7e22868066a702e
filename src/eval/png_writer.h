#pragma once
#include <filesystem>
#include <map>
#include <string>

#include "src/base/tensor_fwd.h"
#include "src/eval/canvas.h"

namespace helio::eval {

// Pixels {h, w, 3} uint8 as PNG, atomically; `text` becomes iTXt chunks (caption, seed, checkpoint). Throws
// Error{kSystem} if it cannot be written.
void WritePng(const std::filesystem::path& path, const torch::Tensor& pixels,
              const std::map<std::string, std::string>& text = {});
void WritePng(const std::filesystem::path& path, const Canvas& canvas,
              const std::map<std::string, std::string>& text = {});

// A picture {3, h, w} in [-1, 1] as it is, without frame: the published code's conversion, (x + 1) * 127.5
// truncated.
void WritePicture(const std::filesystem::path& path, const torch::Tensor& picture);

// The bytes of such a file.
std::string PictureBytes(const torch::Tensor& picture);

}  // namespace helio::eval
