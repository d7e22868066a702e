#include <map>

#include "dataio/layouts/layout.h"
#include "dataio/layouts/row_gatherer.h"
#include "dataio/layouts/table.h"

// Hugging Face's imagefolder: metadata.jsonl or metadata.csv beside the pictures that it names (file_name,
// text); in the root, or in train/, test/, validation/.
namespace helio::dataio {
namespace fs = std::filesystem;
namespace {

std::vector<fs::path> MetadataFiles(const FileTree& tree) {
  std::vector<fs::path> files;
  for (const auto& file : tree.others)
    if (file.filename() == "metadata.jsonl" || file.filename() == "metadata.csv") files.push_back(file);
  return files;
}

std::string SeeMetadata(const FileTree& tree) {
  const auto files = MetadataFiles(tree);
  if (files.empty() || tree.pictures.empty()) return "";
  return std::to_string(files.size()) + " " + files[0].filename().string();
}

// Both would give each picture its captions, twice or of two times; Hugging Face's reader refuses them, too.
void CheckOneInAFolder(const std::vector<fs::path>& files, const FileTree& tree) {
  std::map<fs::path, fs::path> of;
  for (const auto& file : files)
    if (const auto [entry, is_new] = of.emplace(file.parent_path(), file); !is_new)
      ThrowUser("holds two lists of captions: " + entry->second.string() + ", " + file.string(),
                tree.root.string(), "leave one of them there");
}

void ReadMetadataFiles(const FileTree& tree, SourceReading& reading) {
  const auto files = MetadataFiles(tree);
  CheckOneInAFolder(files, tree);
  const PictureIndex index(tree);
  const SplitRule rule(tree, index, reading.complaints());
  RowGatherer gatherer(tree, reading, rule);
  for (const auto& file : files) {
    const FolderIndex below(index, tree, file.parent_path());
    const auto find = [&](const std::string& name) { return below.Find(name); };
    for (const auto& row : ReadTable(tree.root / file, reading.complaints()))
      reading.complaints().Try([&] { gatherer.Add(row, PictureOf(row, find), ""); });
  }
  gatherer.Finish();
  reading.AreRead(files);
}

}  // namespace

Layout ImageFolder() { return {"Hugging Face imagefolder", &SeeMetadata, &ReadMetadataFiles}; }

}  // namespace helio::dataio
