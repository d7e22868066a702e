#include "src/train/checkpoint_names.h"

#include <unistd.h>

#include <cstdio>
#include <string_view>
#include <utility>

namespace helio::train {
namespace {

constexpr std::string_view kPrefix = "step-";
constexpr size_t kDigits = 10, kNameSize = kPrefix.size() + kDigits;

constexpr std::pair<Hidden, std::string_view> kMarks[] = {
    {Hidden::kBeingWritten, ".tmp-"}, {Hidden::kReplaced, ".old-"}, {Hidden::kBeingRemoved, ".bin-"}};

std::string_view MarkOf(Hidden why) {
  for (const auto& [one, mark] : kMarks)
    if (one == why) return mark;
  return "";
}

}  // namespace

std::string FolderOfStep(int64_t step) {
  char name[32];
  std::snprintf(name, sizeof name, "step-%010lld", static_cast<long long>(step));
  return name;
}

std::optional<int64_t> StepOfFolder(const std::string& name) {
  if (name.size() != kNameSize || !name.starts_with(kPrefix)) return std::nullopt;
  if (name.find_first_not_of("0123456789", kPrefix.size()) != std::string::npos) return std::nullopt;
  return std::stoll(name.substr(kPrefix.size()));
}

std::filesystem::path HiddenFolder(const std::filesystem::path& checkpoint, Hidden why) {
  std::string name = "." + checkpoint.filename().string();
  name += MarkOf(why);
  return checkpoint.parent_path() / (name + std::to_string(::getpid()));
}

std::optional<HiddenName> ParseHiddenName(const std::string& name) {
  if (name.size() < 1 + kNameSize || name[0] != '.') return std::nullopt;
  auto checkpoint = name.substr(1, kNameSize);
  if (!StepOfFolder(checkpoint)) return std::nullopt;
  const auto rest = std::string_view(name).substr(1 + kNameSize);
  for (const auto& [why, mark] : kMarks)
    if (rest.starts_with(mark)) return HiddenName{std::move(checkpoint), why};
  return std::nullopt;
}

}  // namespace helio::train
