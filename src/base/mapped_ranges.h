#pragma once
#include <cstddef>
#include <filesystem>

namespace helio {

// The files that are mapped in this process. Where one shrinks meanwhile, or its disk fails, reading it
// raises SIGBUS, and there is nothing to go on with: the process says which file and ends at once, with
// kMistakeCode where it has shrunk, else with kRequeueCode, instead of dying without a word. Thread-safe.
// What finds no place among 1024, or has a path of 512 bytes and more, is not noted.
void NoteMapping(const void* begin, size_t size, const std::filesystem::path& path);
void ForgetMapping(const void* begin);

}  // namespace helio
