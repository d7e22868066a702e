#include "src/eval/picture_folder.h"

#include "dataio/file_tree.h"
#include "dataio/image.h"
#include "src/base/checksum.h"
#include "src/base/error.h"
#include "src/base/file_system.h"
#include "src/eval/image_tensor.h"

namespace helio::eval {

PictureFolder::PictureFolder(std::filesystem::path root) : root_(std::move(root)) {
  auto tree = dataio::ReadTree(root_);
  if (!tree.faults.empty()) ThrowUser(tree.faults.front(), root_.string());
  passed_over_ = tree.OtherKinds();
  pictures_ = std::move(tree.pictures);
  if (pictures_.empty())
    ThrowUser("has no .jpg, .png or .webp pictures" + (passed_over_.empty() ? "" : ", only " + passed_over_),
              root_.string());
}

std::filesystem::path PictureFolder::File(int64_t row) const {
  return root_ / pictures_.at(static_cast<size_t>(row));
}

FolderPicture PictureFolder::Read(int64_t row) const {
  const auto file = File(row);
  const std::string bytes = ReadFile(file);
  const auto image =
      dataio::DecodeImage({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, file.string());
  return {SignedUnits(PixelsOf(image)), Checksum64(std::as_bytes(std::span(bytes)))};
}

}  // namespace helio::eval
