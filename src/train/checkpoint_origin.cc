#include "src/train/checkpoint_origin.h"

#include "src/base/checksum.h"
#include "src/base/option_list.h"
#include "src/base/safetensors.h"

namespace helio::train {
namespace {

std::string RunDigest(const RunIdentity& run) {
  std::string text;
  for (const auto* field : {&run.flags, &run.data, &run.vocabulary, &run.frozen}) text += *field + '\n';
  return Digest(text).substr(0, 12);
}

std::string Told(const Origin& origin) {
  return "part '" + origin.at("part") + "' of step " + origin.at("step") + " of run " + origin.at("run") +
         " (" + origin.at("recipe") + ")";
}

}  // namespace

Origin OriginOf(int64_t step, const CheckpointInfo& info, const std::string& stem) {
  const auto flags = ParseFlagfile(info.identity.flags);
  const auto recipe = flags.find("recipe");
  return {{"format", "heliograph checkpoint 2"},
          {"run", RunDigest(info.identity)},
          {"recipe", recipe == flags.end() ? "?" : recipe->second},
          {"step", std::to_string(step)},
          {"part", stem}};
}

std::string OtherOrigin(const std::filesystem::path& path, const Origin& expected) {
  try {
    const auto own = ReadSafeTensors(path).metadata;
    if (!own.contains("format") || own == expected) return "";
    return "is " + Told(own) + ", not " + Told(expected);
  } catch (const std::exception&) {
    return "";
  }
}

}  // namespace helio::train
