#include "dataio/file_tree.h"

#include <sys/stat.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "src/base/ascii.h"
#include "src/base/error.h"
#include "src/base/file_system.h"
#include "src/base/text_list.h"

namespace helio::dataio {
namespace fs = std::filesystem;
namespace {

const std::set<std::string> kPictureSuffixes = {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp"};
const std::set<std::string> kForeignSuffixes = {
    ".bmp", ".gif", ".tif",  ".tiff", ".avif", ".heic", ".heif",  ".jp2", ".jxl", ".ppm", ".pgm", ".pnm",
    ".tga", ".svg", ".jpe2", ".psd",  ".apng", ".ico",  ".pjpeg", ".pjp", ".jif", ".jfi", ".j2k", ".jpf",
    ".jpx", ".mpo", ".dng",  ".cr2",  ".cr3",  ".nef",  ".arw",   ".orf", ".rw2", ".raf"};

class TreeReader {
 public:
  explicit TreeReader(FileTree& tree) : tree_(tree) {}

  // All of `folders`. Links to folders come last: what they lead to has its own name, where it is here.
  void Read(const std::vector<std::string>& folders) {
    for (const auto& folder : folders) Enter(folder);
    for (size_t i = 0; i < links_.size(); ++i) Enter(fs::path(links_[i]));  // which may find more
  }

 private:
  void Enter(const fs::path& relative) {
    const auto folder = tree_.root / relative;
    struct stat status {};
    if (::stat(folder.c_str(), &status) != 0) return Fault(relative, errno);
    if (!entered_.emplace(status.st_dev, status.st_ino).second)
      return tree_.seen_before.push_back(relative.string());
    std::error_code failed;
    std::vector<fs::path> names;
    fs::directory_iterator entries(folder, failed);
    for (; !failed && entries != fs::directory_iterator(); entries.increment(failed))
      names.push_back(entries->path().filename());
    if (failed) return Fault(relative, failed.value());
    std::sort(names.begin(), names.end());
    for (const auto& name : names) AddEntry((relative / name).lexically_normal());
  }

  void Fault(const fs::path& relative, int code) {
    tree_.faults.push_back((tree_.root / relative).lexically_normal().string() +
                           ": cannot be read: " + std::strerror(code));
  }

  void AddEntry(const fs::path& relative) {
    const auto name = relative.filename().string();
    if (name.starts_with(".") || name == "__MACOSX") return tree_.hidden.push_back(relative.string());
    std::error_code failed;
    const auto status = fs::status(tree_.root / relative, failed);
    if (failed || !fs::exists(status)) return Fault(relative, failed ? failed.value() : ENOENT);
    if (fs::is_directory(status)) return IsLink(relative) ? links_.push_back(relative) : Enter(relative);
    if (!fs::is_regular_file(status))
      return tree_.faults.push_back((tree_.root / relative).string() + ": is no file (a pipe, a device?)");
    ListFor(relative).push_back(relative);
  }

  bool IsLink(const fs::path& relative) const {
    std::error_code failed;
    return fs::is_symlink(fs::symlink_status(tree_.root / relative, failed));
  }

  std::vector<fs::path>& ListFor(const fs::path& relative) const {
    const auto suffix = SuffixOf(relative);
    if (kPictureSuffixes.contains(suffix)) return tree_.pictures;
    if (kForeignSuffixes.contains(suffix)) return tree_.foreign;
    return suffix == ".txt" || suffix == ".caption" ? tree_.texts : tree_.others;
  }

  FileTree& tree_;
  std::vector<fs::path> links_;  // to folders
  std::set<std::pair<dev_t, ino_t>> entered_;
};

}  // namespace

fs::path WithinRoot(const fs::path& root, const std::string& name, const std::string& where) {
  auto path = fs::path(name).lexically_normal();
  if (path.is_absolute()) path = path.lexically_relative(fs::absolute(root).lexically_normal());
  if (path.empty() || path == "." || *path.begin() == "..")
    ThrowData("'" + name + "' lies outside of " + root.string(), where, "move it into that folder");
  return path;
}

bool IsInUpperLevels(const fs::path& path) { return std::distance(path.begin(), path.end()) <= 2; }

std::string SuffixOf(const fs::path& path) { return LowerAscii(path.extension().string()); }

bool IsPictureName(const fs::path& path) { return kPictureSuffixes.contains(SuffixOf(path)); }

std::string WithoutPictureSuffix(const fs::path& path) {
  const bool named = IsPictureName(path) || kForeignSuffixes.contains(SuffixOf(path));
  return named ? fs::path(path).replace_extension().string() : path.string();
}

std::string KindsOf(const std::vector<fs::path>& files) {
  constexpr size_t kMost = 12;  // "a.jpg?w=300" is of a kind of its own
  std::map<std::string, int64_t> kinds;
  for (const auto& file : files) ++kinds[SuffixOf(file)];
  std::string text;
  size_t named = 0;
  for (const auto& [suffix, count] : kinds)
    if (++named <= kMost)
      AddToList(text, std::to_string(count) + " " + (suffix.empty() ? "without a suffix" : suffix));
  return text + (named > kMost ? ", ..." : "");
}

std::string FileTree::OtherKinds() const {
  auto all = foreign;
  all.insert(all.end(), texts.begin(), texts.end());
  all.insert(all.end(), others.begin(), others.end());
  return KindsOf(all);
}

FileTree ReadTree(const fs::path& root, const std::vector<std::string>& folders) {
  if (!IsFolder(root)) ThrowUser("is not a folder", root.string(), "name a folder of pictures");
  FileTree tree;
  tree.root = root;
  TreeReader reader(tree);
  reader.Read(folders);
  for (auto* files : {&tree.pictures, &tree.foreign, &tree.texts, &tree.others})
    std::sort(files->begin(), files->end());
  return tree;
}

}  // namespace helio::dataio
