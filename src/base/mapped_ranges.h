#pragma once
#include <cstddef>
#include <filesystem>

namespace helio {

// The files that are mapped in this process. Where one shrinks meanwhile, or its disk fails, reading it
// raises SIGBUS, and there is nothing to go on with: the process says which file and ends at once, with
// kMistakeCode where it has shrunk, else with kRequeueCode, instead of dying without a word. Thread-safe.
// At most 1024 mappings with paths of less than 512 bytes are noted; a fault in any other ends the process
// without a message.
void NoteMapping(const void* begin, size_t size, const std::filesystem::path& path);
void ForgetMapping(const void* begin);

}  // namespace helio
