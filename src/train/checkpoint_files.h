#pragma once

namespace helio::train {

// What the files of a checkpoint are called (docs/formats-checkpoint.md).

inline constexpr char kManifestName[] = "manifest.json";  // what makes a folder a checkpoint

// Tensor files, without ".safetensors".
inline constexpr char kModelStem[] = "model";                     // the trained networks
inline constexpr char kOptimizerStem[] = "optimizer";             // moments and step counts
inline constexpr char kAverageStem[] = "average";                 // moving averages of parameters
inline constexpr char kAverageBuffersStem[] = "average_buffers";  // the buffers that belong to them
inline constexpr char kMemoryStem[] = "memory";                   // of parts of role memory

// Texts.
inline constexpr char kRunFlagsFile[] = "run.flags";  // also in the run's folder
inline constexpr char kVocabularyFile[] = "vocabulary.json";

}  // namespace helio::train
