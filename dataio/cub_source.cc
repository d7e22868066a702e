#include <set>

#include "dataio/cub_lists.h"
#include "dataio/file_tree.h"
#include "dataio/pickle_list.h"
#include "dataio/source_reading.h"
#include "dataio/text_file.h"
#include "src/base/error.h"
#include "src/base/file_system.h"
#include "src/base/log.h"

namespace helio::dataio {
namespace fs = std::filesystem;
namespace {

fs::path ArchiveOf(const fs::path& root) {
  for (const auto& folder : {root / "CUB_200_2011", root})
    if (Exists(folder / "images.txt")) return folder;
  ThrowUser("has no CUB_200_2011/images.txt", root.string(),
            "--root is the folder that holds CUB_200_2011 and text; sets of your own: --source=folder, "
            "docs/layouts.md");
}

// Captions: AttnGAN's text, or text_c10 as its authors hand them out.
fs::path TextsOf(const fs::path& root, const fs::path& archive) {
  for (const auto& folder : {root / "text", root / "text_c10", archive / "text", archive / "text_c10"})
    if (IsFolder(folder)) return folder;
  return root / "text";
}

// The list that decides a split: AttnGAN's if it is there, else empty: the official split does.
fs::path ListOf(const fs::path& root, const std::string& split) {
  for (const char* name : {"filenames.txt", "filenames.pickle"})
    if (const auto list = fs::path(split) / name; Exists(root / list)) return list;
  return {};
}

class CubReader {
 public:
  explicit CubReader(const SourceOptions& options)
      : root_(options.root),
        archive_(ArchiveOf(options.root)),
        texts_(TextsOf(root_, archive_)),
        reading_(options),
        lists_(archive_, reading_.complaints()) {}
  std::vector<SourceSplit> Read();

 private:
  void FindFiles();
  const std::vector<std::string>& OfficialKeys(const std::string& split);
  std::string ReadSplit(const std::string& name);
  SourceRecord RecordOf(const std::string& written, const std::string& list);
  void ReportUnread() const;

  struct Image {
    int64_t id;
    fs::path file;  // below the folder images
  };
  const fs::path root_, archive_, texts_;
  SourceReading reading_;
  const CubLists lists_;
  std::map<std::string, Image>
      images_;  // by key: "001.Black_footed_Albatross/Black_Footed_Albatross_0046_18"
  std::map<std::string, std::vector<std::string>> official_;  // split -> keys; of split "": those without one
  std::set<std::string> named_;                               // keys of either split
};

// A name without a suffix is a JPEG's.
void CubReader::FindFiles() {
  const auto where = lists_.names.where();
  for (const auto& [id, name] : lists_.names.all())
    reading_.complaints().Try([&, id = id] {
      const auto file = WithinRoot(archive_ / "images", lists_.names.Of(id), where);
      const auto key = WithoutPictureSuffix(file);
      if (!images_.emplace(key, Image{id, key == file ? fs::path(key + ".jpg") : file}).second)
        ThrowData("has '" + key + "' twice", where);
    });
}

// The keys of a split by train_test_split.txt, in order.
const std::vector<std::string>& CubReader::OfficialKeys(const std::string& split) {
  if (official_.empty())
    for (const auto& [key, image] : images_) {
      std::string is;
      reading_.complaints().Try([&, &of = image] { is = lists_.SplitOf(of.id); });
      official_[is].push_back(key);
      if (is.empty()) named_.insert(key);  // by a complaint
    }
  return official_[split];
}

// The record of a key. Throws Error where it cannot be used.
SourceRecord CubReader::RecordOf(const std::string& written, const std::string& list) {
  const auto key = WithoutPictureSuffix(fs::path(written).lexically_normal());
  named_.insert(key);
  const auto found = images_.find(key);
  if (found == images_.end()) ThrowData("names '" + written + "', which images.txt does not know", list);
  auto record = lists_.Find(found->second.id);
  record.id = key;
  record.image = archive_ / "images" / found->second.file;
  if (!Exists(record.image)) ThrowData("is missing", record.image.string());
  reading_.AddCaptionFile(record, texts_ / (key + ".txt"));
  return record;
}

std::vector<std::string> KeysIn(const fs::path& list) {
  return list.extension() == ".txt" ? ReadLines(list) : ReadPickledStrings(list);
}

// What made the split, in words.
std::string CubReader::ReadSplit(const std::string& name) {
  const auto list = ListOf(root_, name);
  const auto where = list.empty() ? lists_.split.where() : (root_ / list).string();
  for (const auto& key : list.empty() ? OfficialKeys(name) : KeysIn(root_ / list))
    reading_.complaints().Try([&] { reading_.Add(RecordOf(key, where), name); });
  return name + " by " + (list.empty() ? "train_test_split.txt" : list.string());
}

// What is there and belongs to no record.
void CubReader::ReportUnread() const {
  std::vector<std::string> unlisted, unnamed, lacking;
  std::set<fs::path> files;
  for (const auto& [key, image] : images_) {
    files.insert(image.file);
    if (!named_.contains(key)) unlisted.push_back(key);
    if (!lists_.key_points.HasAll(image.id)) lacking.push_back(key);
  }
  if (const auto folder = archive_ / "images"; IsFolder(folder))
    for (const auto& picture : ReadTree(folder).pictures)
      if (!files.contains(picture)) unnamed.push_back(picture.string());
  reading_.PassedOver("images that are in no list of a split", unlisted);
  reading_.PassedOver("pictures that images.txt does not name", unnamed);
  if (!lacking.empty())
    LOG(WARNING) << lists_.key_points.where() << ": has not all key points of " << lacking.size()
                 << " images, which are taken as not visible: " << lacking[0]
                 << (lacking.size() > 1 ? ", ..." : "");
}

std::vector<SourceSplit> CubReader::Read() {
  FindFiles();
  const auto train = ReadSplit("train");
  reading_.SplitsAreBy(train + ", " + ReadSplit("test"));
  ReportUnread();
  auto splits = reading_.Finish();
  for (auto& split : splits) split.key_point_names = lists_.key_points.names;
  return splits;
}

}  // namespace

std::vector<SourceSplit> ReadCub(const SourceOptions& options) { return CubReader(options).Read(); }

}  // namespace helio::dataio
