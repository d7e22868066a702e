#include "dataio/layouts/row_gatherer.h"

#include <optional>

#include "dataio/layouts/row_splits.h"

namespace helio::dataio {
namespace fs = std::filesystem;

namespace {

using Finder = std::function<fs::path(const std::string&)>;

// What names find. Those that may be several pictures do not count beside one that finds a picture.
class Finds {
 public:
  explicit Finds(const Finder& find) : find_(find) {}

  void Look(const std::string& name) {
    try {
      if (const auto picture = find_(name); !picture.empty()) pictures_.emplace(picture, name);
    } catch (const Error& error) {
      if (!several_) several_ = error;
    }
  }
  bool any() const { return !pictures_.empty(); }
  fs::path One(const std::string& where) const {
    if (!any() && several_) throw *several_;
    if (pictures_.size() > 1)
      ThrowData(
          "names two pictures, '" + pictures_.begin()->second + "' and '" + pictures_.rbegin()->second + "'",
          where, "leave the column that names the right one");
    return any() ? pictures_.begin()->first : fs::path();
  }

 private:
  const Finder& find_;
  std::map<fs::path, std::string> pictures_;  // with the names that found them
  std::optional<Error> several_;
};

}  // namespace

fs::path PictureOf(const TableRow& row, const Finder& find) {
  Finds finds(find);
  finds.Look(row.picture);
  for (const auto& name : row.also) finds.Look(name);
  for (const auto& name : row.lesser)
    if (!finds.any()) finds.Look(name);
  return finds.One(row.where);
}

void RowGatherer::Add(const TableRow& row, const fs::path& picture, const std::string& split) {
  reading_.complaints().Try([&] {
    if (picture.empty()) ThrowData("names '" + row.picture + "', of which there is no picture", row.where);
    const auto [place, is_new] = place_.emplace(picture.string(), gathered_.size());
    const auto now = !row.split.empty() ? row.split : split;
    if (is_new) gathered_.push_back({reading_.RecordOf(picture), now});
    auto& gathered = gathered_[place->second];
    if (gathered.split.empty()) gathered.split = now;
    if (!now.empty() && now != gathered.split)
      ThrowData("'" + row.picture + "' is in " + gathered.split + " and in " + now, row.where);
    for (const auto& caption : row.captions) reading_.AddCaption(gathered.record, caption);
  });
}

void RowGatherer::Finish() {
  std::vector<std::string> unlisted, unnamed;
  RowSplits splits("by the list of captions", rule_);
  for (const auto& gathered : gathered_) splits.Hear(gathered.split);
  for (auto& [record, split] : gathered_)
    reading_.complaints().Try([&] {
      const auto picture = record.image.lexically_relative(tree_.root);
      const auto decided = splits.Of(split, picture);
      if (!decided) return unlisted.push_back(picture.string());
      reading_.Add(std::move(record), *decided);
    });
  for (const auto& picture : tree_.pictures)
    if (!place_.contains(picture.string())) unnamed.push_back(picture.string());
  reading_.SplitsAreBy(splits.text());
  reading_.PassedOver("pictures that are in no split", unlisted);
  reading_.PassedOver("pictures without a line in the list of captions", unnamed);
  reading_.AreRead(rule_.Lists());
}

}  // namespace helio::dataio
