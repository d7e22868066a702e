#include "src/eval/picture_folder.h"

#include <fstream>
#include <set>

#include "dataio/file_tree.h"
#include "dataio/image.h"
#include "src/base/checksum.h"
#include "src/base/error.h"
#include "src/base/file_system.h"
#include "src/base/text_list.h"
#include "src/eval/image_tensor.h"

namespace helio::eval {
namespace fs = std::filesystem;
namespace {

// Whether the PNG's first chunk behind the header is a text.
bool BeginsWithText(const fs::path& png) {
  constexpr size_t kName = 37;  // signature, header, and that part's length stand before its name
  char begin[kName + 4] = {};
  std::ifstream(png, std::ios::binary).read(begin, sizeof begin);
  return std::string_view(begin + kName, 4) == "iTXt";
}

// helio-generate draws "a.png", with words and frames, and the single pictures "a-1.png" beside it: only the
// former holds a text chunk.
bool IsLabelled(const fs::path& root, const std::string& picture, const std::set<std::string>& all) {
  if (!picture.ends_with(".png")) return false;
  const auto single = picture.substr(0, picture.size() - 4) + "-";
  const auto next = all.lower_bound(single);
  return next != all.end() && next->starts_with(single) && BeginsWithText(root / picture);
}

// Removes the labelled pictures of helio-generate from the list; returns how many there were.
size_t DropLabelled(const fs::path& root, std::vector<fs::path>& pictures) {
  std::set<std::string> all;
  for (const auto& picture : pictures) all.insert(picture.string());
  return std::erase_if(pictures, [&](const fs::path& p) { return IsLabelled(root, p.string(), all); });
}

}  // namespace

PictureFolder::PictureFolder(std::filesystem::path root) : root_(std::move(root)) {
  auto tree = dataio::ReadTree(root_);
  if (!tree.faults.empty()) ThrowUser(tree.faults.front(), root_.string());
  passed_over_ = tree.OtherKinds();
  pictures_ = std::move(tree.pictures);
  if (const auto labelled = DropLabelled(root_, pictures_); labelled > 0)
    AddToList(passed_over_, std::to_string(labelled) + " labelled pictures of helio-generate");
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
