#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace helio::dataio {

// The files below a folder by what they are for a reader of captioned pictures; paths are relative to the
// root and sorted. Links are followed, to folders too; a folder that has been seen is not entered again.
struct FileTree {
  std::filesystem::path root;
  std::vector<std::filesystem::path> pictures;  // .jpg .jpeg .jpe .jfif .png .webp, in any case
  std::vector<std::filesystem::path> foreign;   // pictures in formats that are not read: .bmp .gif .tif ...
  std::vector<std::filesystem::path> texts;     // .txt .caption
  std::vector<std::filesystem::path> others;
  std::vector<std::string> hidden;       // names with a dot in front, __MACOSX: passed over
  std::vector<std::string> seen_before;  // links to folders that are entered elsewhere: passed over
  // What cannot be read, a sentence each: folders without rights, dead links.
  std::vector<std::string> faults;

  // The KindsOf what is there beside pictures that are read.
  std::string OtherKinds() const;
};

// Reads `folders` (relative to the root; "." is all of it). Throws Error{kUser} if the root is no folder or
// cannot be read.
FileTree ReadTree(const std::filesystem::path& root, const std::vector<std::string>& folders = {"."});

// "2 .bmp, 1 .json".
std::string KindsOf(const std::vector<std::filesystem::path>& files);

// `name`, as a list writes it, relative to `root` and without "." and ".."; an absolute one may lie below
// `root`. Throws Error{kData} where it leads out of it.
std::filesystem::path WithinRoot(const std::filesystem::path& root, const std::string& name,
                                 const std::string& where);

// Whether `path`, relative to the root, lies in the root or in one of its folders: where lists are looked
// for.
bool IsInUpperLevels(const std::filesystem::path& path);

// In lower case, with the dot.
std::string SuffixOf(const std::filesystem::path& path);
bool IsPictureName(const std::filesystem::path& path);
// Without the suffix of a picture, if it has one: "a.b.jpg" is "a.b", "a.b" is itself.
std::string WithoutPictureSuffix(const std::filesystem::path& path);

}  // namespace helio::dataio
