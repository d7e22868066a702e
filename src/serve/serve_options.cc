#include "src/serve/serve_options.h"

namespace helio::serve {

void ServeOptions::Declare(OptionList& list) {
  list.Add("address", &address, AnyValue(),
           "Address to listen at; 0.0.0.0: every address of this machine, so that others can ask");
  list.Add(
      "host", &host, AnyValue(),
      "NAME,... under which a web server in front is asked; without it, where --address is this machine's "
      "alone, requests under other names are refused");
  list.Add("port", &port, Between(0, 65535), "Port to listen at; 0: any free one, which the log names");
  list.Add("caption_bytes", &caption_bytes, Between(1, 10'000), "Longest caption, in bytes of UTF-8");
  list.Add("pictures", &pictures, Between(1, 64), "Pictures that one request may ask for");
  list.Add("together", &together, Between(1, 256), "Pictures drawn together, of all requests that wait");
  list.Add("waiting", &waiting, Between(1, 10'000),
           "Pictures that may wait to be drawn; requests beyond are refused");
  list.Add("requests_per_minute", &requests_per_minute, Between(1, 1'000'000),
           "Drawings that one address may ask for in a minute");
  list.Add("body_bytes", &body_bytes, Between(256, 1'000'000), "Largest body of a request");
  list.Add("clients", &clients, Between(1, 1000), "Connections served at a time; others wait");
  list.Add("silence", &silence, Between(1, 600),
           "Seconds within which a client must have sent its request, then it is cut off");
}

}  // namespace helio::serve
