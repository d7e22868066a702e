#pragma once
#include <stdexcept>
#include <string>

namespace helio::serve {

// Why a request is refused: an HTTP status, a code word for programs and a line for people.
class RequestError : public std::runtime_error {
 public:
  RequestError(int status, std::string code, const std::string& message)
      : std::runtime_error(message), status_(status), code_(std::move(code)) {}
  int status() const { return status_; }
  const std::string& code() const { return code_; }

 private:
  int status_;
  std::string code_;
};

}  // namespace helio::serve
