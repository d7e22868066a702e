#include <algorithm>

#include "dataio/layouts/layout.h"
#include "dataio/layouts/table_forms.h"
#include "src/base/ascii.h"

namespace helio::dataio {
namespace {

int64_t CountOf(const FileTree& tree, std::initializer_list<const char*> suffixes) {
  return std::ranges::count_if(tree.others, [&](const auto& file) {
    return std::ranges::find(suffixes, SuffixOf(file)) != suffixes.end();
  });
}

bool HasCocoAnnotations(const FileTree& tree) {
  return std::ranges::any_of(tree.others, [](const auto& file) {
    return file.parent_path().filename() == "annotations" &&
           file.filename().string().starts_with("captions_");
  });
}

// How a table begins of which nobody knows the columns.
std::string UnknownTable(const FileTree& tree) {
  for (const auto& file : tree.others)
    if (const auto suffix = SuffixOf(file); suffix == ".csv" || suffix == ".tsv") {
      const auto text = BeginningOf(tree.root / file);
      return "; " + file.string() + " begins '" +
             Trimmed(text.substr(0, std::min<size_t>(text.find('\n'), 80))) +
             "': call its columns file_name and text";
    }
  return "";
}

// Archives and tables of other tools, with what makes pictures and captions of them.
[[noreturn]] void RefuseArchives(const FileTree& tree) {
  const std::string where = tree.root.string();
  if (const auto tars = CountOf(tree, {".tar"}); tars > 0)
    ThrowUser("holds " + std::to_string(tars) + " .tar (WebDataset?) and no pictures", where,
              "unpack them: for t in *.tar; do tar -xf $t --one-top-level; done; pictures with a .txt beside "
              "each are "
              "read as they lie in a WebDataset");
  if (const auto tables = CountOf(tree, {".parquet", ".arrow"}); tables > 0)
    ThrowUser("holds " + std::to_string(tables) + " .parquet or .arrow and no pictures", where,
              "save the pictures beside a metadata.jsonl (docs/layouts.md)");
  if (CountOf(tree, {".zip", ".tgz", ".gz", ".7z", ".rar"}) > 0)
    ThrowUser("holds archives and no pictures: " + tree.OtherKinds(), where, "unpack them");
  const auto kinds = tree.OtherKinds();
  ThrowUser("no picture found (looked for .jpg .jpeg .png .webp" +
                (kinds.empty() ? "" : "; " + kinds + " are there") + ")",
            where, "is --root the right folder? Layouts that are read: docs/layouts.md");
}

}  // namespace

bool HasCubLists(const FileTree& tree) {
  return std::ranges::any_of(tree.texts,
                             [](const auto& file) { return file.filename() == "train_test_split.txt"; });
}

void RefuseTree(const FileTree& tree) {
  if (tree.pictures.empty()) RefuseArchives(tree);
  if (HasCocoAnnotations(tree))
    ThrowUser("holds COCO's annotations", tree.root.string(), "pack it with --source=coco");
  if (HasCubLists(tree))
    ThrowUser("holds the lists of CUB-200-2011", tree.root.string(), "pack it with --source=cub");
  const auto kinds = tree.OtherKinds();
  ThrowUser(
      "holds " + std::to_string(tree.pictures.size()) +
          " pictures, but no captions in a layout that is read" +
          (kinds.empty() ? "" : " (" + kinds + " are there)") +
          ": a .txt beside each picture or in a sister " +
          "folder of the same names, captions.jsonl, metadata.jsonl, Karpathy's JSON, a table of names and " +
          "captions (csv, tsv, token, JSON)" + UnknownTable(tree),
      tree.root.string(), "docs/layouts.md shows a tree of each; --captions=none packs pictures alone");
}

}  // namespace helio::dataio
