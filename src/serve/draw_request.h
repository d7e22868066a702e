#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "src/serve/serve_options.h"

namespace helio::serve {

// What a client asks for: the last pictures of a caption, and what else to send of them.
struct DrawRequest {
  std::string caption;
  int64_t pictures = 4;  // noises 1, 2, ... of the seed
  uint64_t seed = 1;
  bool stages = true, attention = true;
};

// Of the JSON `body` (docs/serve.md). Throws RequestError: 400 where it is no such JSON, 422 where it is
// beyond a limit.
DrawRequest ReadDrawRequest(std::string_view body, const ServeOptions& limits);

}  // namespace helio::serve
