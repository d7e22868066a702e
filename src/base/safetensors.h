#pragma once
#include <filesystem>
#include <map>
#include <string>

#include "src/base/named_tensors.h"
#include "src/base/tensor.h"

namespace helio {

// A safetensors file: named tensors and string metadata. https://github.com/huggingface/safetensors (format)
struct SafeTensors {
  NamedTensors tensors;  // in file order; sorted by data offset
  std::map<std::string, std::string> metadata;

  // nullptr when absent.
  const torch::Tensor* Find(const std::string& name) const;
  // The metadata's value of `key`; empty where there is none.
  std::string MetadataValue(const std::string& key) const;
};

// Maps the file; the tensors are views into the mapping (read-only: copy before writing) and keep it alive.
// The header is untrusted: its size is capped (100 MB), offsets are checked with overflow-safe arithmetic,
// and duplicates, overlaps, holes and trailing bytes are refused. Throws Error{kData} naming file and tensor.
SafeTensors ReadSafeTensors(const std::filesystem::path& path);

struct FileDigest {
  uint64_t bytes = 0;
  std::string digest;  // as DigestFile
};

// Writes through AtomicFile (fsync, rename). Tensors of any strides and device; dtypes F64 F32 F16 BF16 I64
// I32 I16 I8 U8 BOOL. Returns what was meant to be written, so that a file system that loses bytes is found
// out.
FileDigest WriteSafeTensors(const std::filesystem::path& path, const NamedTensors& tensors,
                            const std::map<std::string, std::string>& metadata = {});

}  // namespace helio
