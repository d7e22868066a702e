#include "src/train/checkpoint_manifest.h"

#include "src/base/checksum.h"
#include "src/train/checkpoint_files.h"

namespace helio::train {
namespace {

constexpr int kVersion = 2;
constexpr char kChecksum[] = "checksum";

std::string DigestOf(const Json& manifest) { return Digest(JsonText(manifest, 1)); }

int VersionOf(const Json& manifest, const std::string& where) {
  const int version = JsonField<int>(manifest, "format_version", where);
  if (version == kVersion || (version == 1 && !manifest.contains(kChecksum))) return version;
  ThrowData("format version " + std::to_string(version) + " is not supported", where,
            "use the Heliograph that wrote it");
}

// The text must be the very bytes that its content has: a flipped blank is damage, too.
void CheckSeal(Json manifest, const std::string& text, const std::string& where) {
  const auto recorded = JsonField<std::string>(manifest, kChecksum, where);
  const bool same_bytes = JsonText(manifest, 1) == text;
  manifest.erase(kChecksum);
  if (!same_bytes || recorded != DigestOf(manifest))
    ThrowData("checksum differs", where, "use an older checkpoint; this one is damaged");
}

}  // namespace

std::string SealManifest(const Json& manifest) {
  Json sealed = {{"format_version", kVersion}};
  for (const auto& [key, value] : manifest.items())
    if (key != "format_version" && key != kChecksum) sealed[key] = value;
  sealed[kChecksum] = DigestOf(sealed);
  return JsonText(sealed, 1);
}

Json ReadManifest(const std::filesystem::path& folder) {
  const auto path = folder / kManifestName;
  const std::string where = path.string(), text = ReadFile(path);
  Json manifest = ParseJson(text, where);
  // Version 1 had no checksum of its own.
  if (VersionOf(manifest, where) == kVersion) CheckSeal(manifest, text, where);
  return manifest;
}

}  // namespace helio::train
