#include "src/train/durable_folder.h"

#include "src/base/file_system.h"

namespace helio::train {

void CreateDurably(const std::filesystem::path& path) {
  if (path.empty() || std::filesystem::is_directory(path)) return;
  const auto parent = path.has_filename() ? path.parent_path() : path.parent_path().parent_path();
  CreateDurably(parent);
  std::filesystem::create_directory(path);
  SyncDirectory(parent.empty() ? "." : parent);
}

}  // namespace helio::train
