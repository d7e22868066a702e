// COCO's annotation files and users' folders.
#include <algorithm>
#include <set>

#include "dataio/source.h"
#include "dataio/text.h"
#include "src/base/json.h"

namespace helio::dataio {
namespace fs = std::filesystem;
namespace {

// Newlines inside a caption are blanks.
std::string OneLine(std::string caption) {
  std::replace_if(
      caption.begin(), caption.end(), [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
  return caption;
}

void AddCaption(SourceRecord& record, const std::string& caption, int limit) {
  if (limit > 0 && static_cast<int>(record.captions.size()) >= limit) return;
  if (!Tokenize(caption).empty()) record.captions.push_back(OneLine(caption));
}

void AddChecked(SourceRecord record, bool captions, SourceSplit& split) {
  if (!fs::exists(record.image)) ThrowData("is missing", record.image.string());
  if (captions && record.captions.empty()) ThrowData("has no caption", record.image.string());
  split.records.push_back(std::move(record));
}

// JsonField would take 3.7 and true for integers too.
int64_t IntegerField(const Json& object, const std::string& key, const std::string& where) {
  const auto value = JsonField<Json>(object, key, where);
  if (!value.is_number_integer() || (value.is_number_unsigned() && value.get<uint64_t>() > INT64_MAX))
    ThrowData("field '" + key + "' is not an integer", where);
  return value.get<int64_t>();
}

Json ListField(const Json& object, const std::string& key, const std::string& where) {
  auto value = JsonField<Json>(object, key, where);
  if (!value.is_array()) ThrowData("field '" + key + "' is not a list", where);
  return value;
}

using CocoImages = std::map<int64_t, SourceRecord>;

void AddCocoImage(const Json& image, const fs::path& folder, const std::string& where, CocoImages& images) {
  const auto id = IntegerField(image, "id", where);
  const fs::path file = JsonField<std::string>(image, "file_name", where);
  SourceRecord record;
  record.id = file.stem().string();
  record.image = folder / file.filename();
  if (!images.emplace(id, std::move(record)).second)
    ThrowData("image id " + std::to_string(id) + " appears twice", where);
}

void AddCocoCaption(const Json& annotation, int limit, const std::string& where, CocoImages& images) {
  const auto id = IntegerField(annotation, "image_id", where);
  const auto found = images.find(id);
  if (found == images.end()) ThrowData("a caption belongs to the unknown image " + std::to_string(id), where);
  AddCaption(found->second, JsonField<std::string>(annotation, "caption", where), limit);
}

SourceSplit ReadCocoSplit(const fs::path& annotations, const fs::path& folder, const std::string& name,
                          const SourceOptions& options, Complaints& complaints) {
  const std::string where = annotations.string();
  const Json json = ReadJson(annotations);
  CocoImages images;
  for (const auto& image : ListField(json, "images", where))
    complaints.Try([&] { AddCocoImage(image, folder, where, images); });
  for (const auto& annotation : options.captions ? ListField(json, "annotations", where) : Json::array())
    complaints.Try([&] { AddCocoCaption(annotation, options.captions_per_image, where, images); });
  SourceSplit split{name, {}};
  for (auto& [id, record] : images)
    complaints.Try([&] { AddChecked(std::move(record), options.captions, split); });
  return split;
}

// The annotations of a split; 2014 is the published one. Empty: neither year is there.
std::string CocoYear(const fs::path& root, const std::string& folder) {
  for (const char* year : {"2014", "2017"})
    if (fs::exists(root / "annotations" / ("captions_" + folder + year + ".json"))) return year;
  return "";
}

std::array<double, 4> ReadBox(const Json& line, const std::string& where) {
  std::array<double, 4> box = {};
  const auto values = JsonField<std::vector<double>>(line, "box", where);
  if (values.size() != 4 || values[2] <= 0 || values[3] <= 0)
    ThrowData("box is not [x, y, width, height]", where);
  std::copy(values.begin(), values.end(), box.begin());
  return box;
}

SourceRecord ReadJsonLine(const Json& line, const std::string& where, const SourceOptions& options) {
  SourceRecord record;
  const auto image = JsonField<std::string>(line, "image", where);
  record.id = fs::path(image).replace_extension().string();
  record.image = options.root / image;
  if (options.captions)
    for (const auto& caption : JsonField<std::vector<std::string>>(line, "captions", where))
      AddCaption(record, caption, options.captions_per_image);
  if (line.contains("box")) record.box = ReadBox(line, where);
  if (!line.contains("class")) return record;
  record.class_id = IntegerField(line, "class", where);
  if (record.class_id < 0 || record.class_id > INT32_MAX)
    ThrowData("class " + std::to_string(record.class_id) + " is not a class number", where, "count from 0");
  return record;
}

// "train", "test", or "" where the line leaves it open.
std::string ReadSplitName(const Json& line, const std::string& where) {
  if (!line.contains("split")) return "";
  const auto split = JsonField<std::string>(line, "split", where);
  if (split != "train" && split != "test")
    ThrowData("split '" + split + "' is neither train nor test", where);
  return split;
}

bool IsPicture(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension == ".jpg" || extension == ".jpeg" || extension == ".png";
}

// Pictures below the root by name.
std::vector<fs::path> ListPictures(const fs::path& root) {
  std::vector<fs::path> pictures;
  for (const auto& entry : fs::recursive_directory_iterator(root))
    if (entry.is_regular_file() && IsPicture(entry.path())) pictures.push_back(entry.path());
  std::sort(pictures.begin(), pictures.end());
  return pictures;
}

SourceRecord ReadPictureWithText(const fs::path& picture, const SourceOptions& options) {
  SourceRecord record;
  record.id = fs::relative(picture, options.root).replace_extension().string();
  record.image = picture;
  if (options.captions)
    record.captions =
        ReadCaptionFile(fs::path(picture).replace_extension(".txt"), options.captions_per_image);
  return record;
}

// The letters of the domains that lie side by side in `root`: "trainA" and "trainB" give A and B.
std::vector<std::string> DomainsIn(const fs::path& root) {
  std::vector<std::string> domains;
  for (const auto& entry : fs::directory_iterator(root)) {
    const auto name = entry.path().filename().string();
    if (entry.is_directory() && name.size() == 6 && name.starts_with("train") && std::isupper(name[5]))
      domains.push_back(name.substr(5));
  }
  std::sort(domains.begin(), domains.end());
  return domains;
}

// Throws Error{kUser} unless `domain` says one of those that are there, or there are none.
void CheckDomain(const SourceOptions& options) {
  const auto domains = DomainsIn(options.root);
  std::string all;
  for (const auto& domain : domains) all += (all.empty() ? "" : ", ") + domain;
  const bool known = std::find(domains.begin(), domains.end(), options.domain) != domains.end();
  if (options.domain.empty() && domains.size() > 1)
    ThrowUser("holds the domains " + all + " side by side", options.root.string(),
              "pack each into an --out of its own: --domain=" + domains[0]);
  if (!options.domain.empty() && !known)
    ThrowUser("has no folder train" + options.domain, options.root.string(),
              domains.empty() ? "leave --domain out" : "--domain is one of " + all);
}

// Deals a folder's records out to the splits.
class FolderSplits {
 public:
  FolderSplits(std::string where, bool captions) : where_(std::move(where)), captions_(captions) {}
  void Add(SourceRecord record, const std::string& split) {
    if (!seen_.insert(record.id).second) ThrowData("'" + record.id + "' appears twice", where_);
    const bool is_test = split.empty() ? ++undecided_ % 10 == 0 : split == "test";
    if (!captions_) record.captions.clear();
    AddChecked(std::move(record), captions_, is_test ? test_ : train_);
  }
  std::vector<SourceSplit> Take() { return {std::move(train_), std::move(test_)}; }

 private:
  const std::string where_;
  const bool captions_;
  SourceSplit train_{"train", {}}, test_{"test", {}};
  std::set<std::string> seen_;
  int64_t undecided_ = 0;
};

void ReadJsonLines(const fs::path& file, const SourceOptions& options, FolderSplits& splits,
                   Complaints& complaints) {
  int64_t number = 0;
  for (const auto& text : ReadLines(file)) {
    const std::string where = file.string() + " record " + std::to_string(++number);
    complaints.Try([&] {
      const Json line = ParseJson(text, where);
      splits.Add(ReadJsonLine(line, where, options), ReadSplitName(line, where));
    });
  }
}

// The pictures below `folder`, each with its text; `split`: where they belong, "" leaves it open.
void ReadPictures(const fs::path& folder, const std::string& split, const SourceOptions& options,
                  FolderSplits& splits, Complaints& complaints) {
  if (!fs::is_directory(folder)) return;
  for (const auto& picture : ListPictures(folder))
    complaints.Try([&] { splits.Add(ReadPictureWithText(picture, options), split); });
}

}  // namespace

std::vector<SourceSplit> ReadCoco(const SourceOptions& options) {
  Complaints complaints(options.skip_missing);
  std::vector<SourceSplit> splits;
  for (const auto& [name, folder] :
       {std::pair("train", std::string("train")), std::pair("test", std::string("val"))}) {
    const auto year = CocoYear(options.root, folder);
    if (year.empty()) continue;
    const auto annotations = options.root / "annotations" / ("captions_" + folder + year + ".json");
    splits.push_back(ReadCocoSplit(annotations, options.root / (folder + year), name, options, complaints));
  }
  if (splits.empty())
    ThrowUser("has no annotations/captions_{train,val}{2014,2017}.json", options.root.string(),
              "--root is the folder that holds annotations");
  complaints.Settle(options.root.string());
  return splits;
}

std::vector<SourceSplit> ReadFolder(const SourceOptions& options) {
  if (!fs::is_directory(options.root))
    ThrowUser("is not a folder", options.root.string(), "name it with --root");
  Complaints complaints(options.skip_missing);
  FolderSplits splits(options.root.string(), options.captions);
  CheckDomain(options);
  if (const auto lines = options.root / "captions.jsonl"; fs::exists(lines))
    ReadJsonLines(lines, options, splits, complaints);
  else if (!options.domain.empty())
    for (const std::string split : {"train", "test"})
      ReadPictures(options.root / (split + options.domain), split, options, splits, complaints);
  else
    ReadPictures(options.root, "", options, splits, complaints);
  complaints.Settle(options.root.string());
  return splits.Take();
}

}  // namespace helio::dataio
