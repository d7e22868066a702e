#include <algorithm>
#include <cctype>
#include <set>

#include "dataio/layouts/layout.h"
#include "src/base/file_system.h"
#include "src/base/log.h"
#include "src/base/text_list.h"

namespace helio::dataio {
namespace fs = std::filesystem;
namespace {

// The letters of the domains that lie side by side in `root`: "trainA" and "trainB" give A and B.
std::vector<std::string> DomainsIn(const fs::path& root) {
  std::vector<std::string> domains;
  std::error_code unreadable;
  for (const auto& entry : fs::directory_iterator(root, unreadable)) {
    const auto name = entry.path().filename().string();
    if (name.size() == 6 && name.starts_with("train") && std::isupper(static_cast<unsigned char>(name[5])) &&
        IsFolder(entry.path()))
      domains.push_back(name.substr(5));
  }
  std::sort(domains.begin(), domains.end());
  return domains;
}

// The folders that are to be read. Throws Error{kUser} unless options.domain says one of those that are
// there, or there is no choice.
std::vector<std::string> FoldersOf(const SourceOptions& options) {
  const auto domains = DomainsIn(options.root);
  const auto all = Join(domains);
  if (options.domain.empty() && domains.size() < 2) return {"."};
  if (options.domain.empty())
    ThrowUser("holds the domains " + all + " side by side", options.root.string(),
              "pack each into an --out of its own: --domain=" + domains[0]);
  if (std::find(domains.begin(), domains.end(), options.domain) == domains.end())
    ThrowUser("has no folder train" + options.domain, options.root.string(),
              domains.empty() ? "leave --domain out" : "--domain is one of " + all);
  const auto test = "test" + options.domain;
  if (!Exists(options.root / test)) return {"train" + options.domain};
  return {"train" + options.domain, test};
}

}  // namespace

const std::vector<Layout>& Layouts() {
  static const std::vector<Layout> layouts = {CaptionLines(), ImageFolder(), Karpathy(), CaptionTables(),
                                              PicturesWithTexts()};
  return layouts;
}

void ReportTree(const FileTree& tree, SourceReading& reading) {
  std::set<std::string> stems;
  for (const auto& picture : tree.pictures) stems.insert(WithoutPictureSuffix(picture));
  std::vector<std::string> originals;
  for (const auto& picture : tree.foreign)
    if (stems.contains(WithoutPictureSuffix(picture)))
      originals.push_back(picture.string());
    else
      reading.complaints().Add((tree.root / picture).string() +
                               ": is in a format that is not read (convert it to JPEG, PNG or WebP)");
  reading.PassedOver("pictures in formats that are not read, each beside a copy that is", originals);
  for (const auto& fault : tree.faults) reading.complaints().Add(fault);
  reading.PassedOver("hidden files and folders", tree.hidden);
  reading.PassedOver("links to folders that are read under another name", tree.seen_before);
}

std::vector<SourceSplit> ReadFolder(const SourceOptions& options) {
  if (!IsFolder(options.root)) ThrowUser("is not a folder", options.root.string(), "name it with --root");
  const auto tree = ReadTree(options.root, FoldersOf(options));
  SourceReading reading(options);
  ReportTree(tree, reading);
  const auto read = [&](const Layout& layout, const std::string& seen) {
    LOG(INFO) << options.root.string() << ": read as " << layout.name << ": " << seen;
    layout.read(tree, reading);
    reading.TellUnread(tree.others);
    if (layout.tells_texts) reading.TellUnread(tree.texts);
    return reading.Finish();
  };
  for (const auto& layout : options.captions ? Layouts() : std::vector{CaptionLines(), PicturesAlone()})
    if (const auto seen = layout.recognise(tree); !seen.empty()) return read(layout, seen);
  if (tree.pictures.empty() && !tree.faults.empty()) reading.complaints().Settle(options.root.string());
  RefuseTree(tree);
}

}  // namespace helio::dataio
