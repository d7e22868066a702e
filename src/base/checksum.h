#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace helio {

// XXH3 (libxxhash). Against accidents, not against an adversary.
uint64_t Checksum64(std::span<const std::byte> bytes);  // per record
std::string Digest(std::span<const std::byte> bytes);   // XXH3-128 as 32 hex digits: per file
inline std::string Digest(std::string_view text) { return Digest(std::as_bytes(std::span(text))); }
std::string DigestFile(const std::string& path);  // streams; throws Error as ErrorOfErrno

// The same digest of bytes that come in pieces.
class RunningDigest {
 public:
  RunningDigest();
  void Add(std::span<const std::byte> bytes);
  std::string Finish() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace helio
