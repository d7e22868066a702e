#pragma once
#include "src/base/option_list.h"

namespace helio::serve {

// Where helio-serve listens, and what one client may ask for.
struct ServeOptions {
  std::string address = "127.0.0.1";
  int64_t port = 8080;
  std::string host;  // names beside this machine's own, comma-separated
  int64_t caption_bytes = 500;
  int64_t pictures = 8;               // a request
  int64_t together = 16;              // pictures of a batch
  int64_t waiting = 64;               // pictures
  int64_t requests_per_minute = 120;  // of an address
  int64_t body_bytes = 8192;          // of a request
  int64_t clients = 64;
  int64_t silence = 10;  // seconds

  void Declare(OptionList& list);
};

}  // namespace helio::serve
