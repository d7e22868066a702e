#include <algorithm>

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

// Beside the metadata or below its folder: other splits count their pictures from 0, too.
fs::path FindBeside(const fs::path& metadata, const std::string& name, const PictureIndex& index) {
  const auto folder = metadata.parent_path();
  const auto beside = (folder / fs::path(name).relative_path()).lexically_normal();
  if (index.Knows(beside.string())) return index.Find(beside.string());
  const auto found = index.Find(name);
  const bool below =
      std::mismatch(folder.begin(), folder.end(), found.begin(), found.end()).first == folder.end();
  return below ? found : fs::path();
}

void ReadMetadataFiles(const FileTree& tree, SourceReading& reading) {
  const PictureIndex index(tree);
  const SplitRule rule(tree, index, reading.complaints());
  RowGatherer gatherer(tree, reading, rule);
  for (const auto& file : MetadataFiles(tree)) {
    const auto find = [&](const std::string& name) { return FindBeside(file, name, index); };
    for (const auto& row : ReadTable(tree.root / file, reading.complaints()))
      reading.complaints().Try([&] { gatherer.Add(row, PictureOf(row, find), ""); });
  }
  gatherer.Finish();
  reading.AreRead(MetadataFiles(tree));
}

}  // namespace

Layout ImageFolder() { return {"Hugging Face imagefolder", &SeeMetadata, &ReadMetadataFiles}; }

}  // namespace helio::dataio
