#include "dataio/source_reading.h"

#include <algorithm>
#include <set>
#include <span>

#include "dataio/file_tree.h"
#include "dataio/split_names.h"
#include "dataio/text_file.h"
#include "src/base/file_system.h"
#include "src/base/log.h"
#include "src/base/text_list.h"

namespace helio::dataio {
namespace {

// Newlines inside a caption are blanks.
std::string OneLine(std::string caption) {
  std::replace_if(
      caption.begin(), caption.end(), [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
  return caption;
}

bool IsBlank(const std::string& text) { return text.find_first_not_of(" \t\r\n") == std::string::npos; }

}  // namespace

void SourceReading::AddCaption(SourceRecord& record, const std::string& caption) {
  if (!options_.captions || IsBlank(caption)) return;
  if (!IsUtf8(caption))
    ThrowData("a caption is not UTF-8", record.image.string(), "convert it, for example with iconv");
  if (options_.captions_per_image > 0 && std::ssize(record.captions) >= options_.captions_per_image) {
    ++beyond_limit_;
    return;
  }
  if (caption.find('\0') != std::string::npos)
    ThrowData("a caption holds NUL bytes", record.image.string(),
              "is it UTF-16? convert it, for example with iconv");
  letters_.Add(caption);
  if (!Tokenize(caption, options_.words).empty()) {
    record.captions.push_back(OneLine(caption));
    if (first_caption_.empty()) first_caption_ = record.captions.back();
    return;
  }
  ++wordless_;
  record.wordless = true;
}

void SourceReading::CheckHasCaption(const SourceRecord& record, const std::filesystem::path& where) const {
  if (!options_.captions || !record.captions.empty()) return;
  const char* words = options_.words == WordRule::kUnicode ? "letters or digits" : "a-z, 0-9";
  ThrowData(record.wordless ? std::string("has no caption with a word of ") + words : "has no caption",
            where.string());
}

void SourceReading::AddCaptionFile(SourceRecord& record, const std::filesystem::path& path) {
  if (!options_.captions) return;
  if (!Exists(path)) ThrowData("is missing", path.string());
  const auto lines = ReadLines(path);
  for (const auto& line : lines)
    if (!IsUtf8(line)) ThrowData("is not UTF-8", path.string(), "convert it, for example with iconv");
  for (const auto& line : lines) AddCaption(record, line);
  CheckHasCaption(record, path);
}

SourceRecord SourceReading::RecordOf(const std::filesystem::path& picture) const {
  SourceRecord record;
  record.id = WithoutPictureSuffix(picture);
  record.image = options_.root / picture;
  return record;
}

// Two splits are worth a word where somebody said them; tenths fall as they do.
void SourceReading::CheckNew(const SourceRecord& record, const Seen& now) {
  const auto [entry, is_new] = seen_.emplace(record.id, now);
  if (is_new) return;
  const auto& first = entry->second;
  const bool apart = first.said && now.said && first.split != now.split;
  const auto twice =
      "'" + record.id + "' " + (apart ? "is in " + first.split + " and in " + now.split : "appears twice");
  if (first.image != now.image)
    ThrowData(twice + ": " + first.image.string() + " has that name, too", now.image.string(),
              "rename one of them");
  ThrowData(twice, options_.root.string(), apart ? "" : "put its captions into one record");
}

// The split of a record that nobody has said one of.
std::string SourceReading::NextOfTenths() { return ++undecided_ % 10 == 0 ? "test" : "train"; }

void SourceReading::Add(SourceRecord record, const std::string& split) {
  // Counted before anything can be wrong: a damaged record moves no other one to another split.
  const auto name = split.empty() ? NextOfTenths() : SplitOfWord(split);
  if (name.empty()) ThrowData("split '" + split + "' is none of train, val, test", record.image.string());
  if (!Exists(record.image)) ThrowData("is missing", record.image.string());
  if (!IsUtf8(record.id)) ThrowData("its name is not UTF-8", record.image.string(), "rename it");
  CheckHasCaption(record, record.image);
  CheckNew(record, {name, record.image, !split.empty()});
  if (!options_.captions) record.captions.clear();
  splits_[name].records.push_back(std::move(record));
}

void SourceReading::AddPicture(const std::filesystem::path& picture, const std::optional<std::string>& split,
                               const std::filesystem::path& captions, std::vector<std::string>& unlisted) {
  if (!split) return unlisted.push_back(picture.string());
  auto record = RecordOf(picture);
  if (!captions.empty()) AddCaptionFile(record, options_.root / captions);
  Add(std::move(record), *split);
}

void SourceReading::PassedOver(const std::string& what, const std::vector<std::string>& names) const {
  if (names.empty()) return;
  constexpr size_t kNamed = 5;
  const auto first = std::span(names).first(std::min(names.size(), kNamed));
  LOG(WARNING) << options_.root.string() << ": left out " << names.size() << " " << what << ": "
               << Join(first) << (names.size() > kNamed ? ", ..." : "");
}

void SourceReading::TellUnread(const std::vector<std::filesystem::path>& files) const {
  std::vector<std::filesystem::path> unread;
  std::vector<std::string> names;
  for (const auto& file : files) {
    if (read_.contains(file)) continue;
    unread.push_back(file);
    names.push_back(file.string());
  }
  PassedOver("files that are not read (" + KindsOf(unread) + ")", names);
}

// Not one letter in all captions: they are labels ("0 0.5 0.5 0.2 0.3" of YOLO), or ids.
void SourceReading::CheckLettersAreThere() const {
  if (first_caption_.empty() || letters_.letters > 0) return;
  const auto text = "none of its captions has a letter, the first is '" + first_caption_.substr(0, 80) + "'";
  const std::string remedy = "are these labels? leave captions there alone, or --captions=none";
  if (!options_.skip_missing)
    ThrowUser(text, options_.root.string(), remedy + "; where numbers are meant: --on_missing=skip");
  LOG(WARNING) << options_.root.string() << ": " << text << " (" << remedy << ")";
}

// Captions of which the words' rule loses letters, in words; of most letters it is an error.
void SourceReading::CheckLetters() const {
  if (options_.words == WordRule::kUnicode || letters_.dropped == 0) return;
  const std::string lost =
      Percent(letters_.dropped, letters_.letters) +
      " of the letters of its captions are lost: they are cut into words of a-z and 0-9, "
      "as the published code does";
  const std::string remedy = "--words=unicode keeps the letters of every script; docs/numerics.md";
  if (2 * letters_.dropped > letters_.letters && !options_.skip_missing)
    ThrowUser(lost, options_.root.string(), remedy);
  LOG(WARNING) << options_.root.string() << ": " << lost << " (" << remedy << ")";
}

// Rows without a class would be told from each other by their numbers, which are other rows' classes.
void SourceReading::CheckClasses() {
  for (auto& [name, split] : splits_) {
    if (std::ranges::none_of(split.records, [](const auto& record) { return record.class_id >= 0; }))
      continue;
    std::erase_if(split.records, [&](const SourceRecord& record) {
      if (record.class_id < 0)
        complaints_.Add(record.image.string() + ": has no class, others of its split have one");
      return record.class_id < 0;
    });
  }
}

// Of classes as large as these a network has an output, used or not: ids of products need terabytes.
// Where what cannot be used is left out all classes are: pictures and captions need none.
void SourceReading::CheckClassNumbers() {
  std::set<int64_t> classes;
  for (const auto& [name, split] : splits_)
    for (const auto& record : split.records)
      if (record.class_id >= 0) classes.insert(record.class_id);
  if (classes.empty()) return;
  const int64_t highest = *classes.rbegin(), occur = std::ssize(classes);
  if (highest < 10 * occur + 1000) return;
  const auto text = "the highest class is " + std::to_string(highest) + " of " + std::to_string(occur) +
                    " that occur, and networks have an output for each number below it";
  const std::string remedy = "number them from 0, or leave them out";
  const bool ids = highest >= 10 * occur + 100'000;
  if (ids && !options_.skip_missing)
    ThrowUser(text, options_.root.string(), remedy + ": --on_missing=skip does");
  LOG(WARNING) << options_.root.string() << ": " << text << " ("
               << (ids ? "all classes are left out: number them from 0" : remedy) << ")";
  if (ids) DropClasses();
}

void SourceReading::DropClasses() {
  for (auto& [name, split] : splits_)
    for (auto& record : split.records) record.class_id = -1;
}

// Programs read "train" and "test".
void SourceReading::RenameVal() {
  if (!splits_.contains("val") || splits_.contains("test")) return;
  auto val = splits_.extract("val");
  val.key() = "test";
  splits_.insert(std::move(val));
  AddToList(made_splits_, "val is for testing", "; ");
}

void SourceReading::LogSplits() const {
  std::string counts;
  for (const auto& [name, split] : splits_)
    AddToList(counts, name + " " + std::to_string(split.records.size()));
  const auto by =
      made_splits_.empty() && undecided_ > 0 ? "every tenth picture is for testing" : made_splits_;
  LOG(INFO) << options_.root.string() << ": " << counts << (by.empty() ? "" : " (" + by + ")");
  if (splits_.contains("val"))
    LOG(INFO) << "split 'val' is packed beside 'test'; programs train on 'train' and evaluate on 'test'";
  if (!splits_.contains("test"))
    LOG(WARNING) << options_.root.string()
                 << ": nothing is left to test with, and training wants a split 'test': "
                 << (made_splits_.empty() ? "of sets without splits every tenth picture is, so ten are needed"
                                          : "none is (" + made_splits_ + "), so say which are, or add them")
                 << " (docs/layouts.md)";
  if (wordless_ > 0) LOG(WARNING) << "left out " << wordless_ << " captions without a word";
  if (beyond_limit_ > 0)
    LOG(INFO) << "left out " << beyond_limit_
              << " captions beyond --captions_per_image=" << options_.captions_per_image;
}

std::vector<SourceSplit> SourceReading::Finish() {
  CheckLettersAreThere();
  CheckLetters();
  CheckClassNumbers();
  CheckClasses();
  complaints_.Settle(options_.root.string());
  if (splits_.empty()) ThrowUser("has no picture that can be used", options_.root.string());
  RenameVal();
  LogSplits();
  std::vector<SourceSplit> taken;
  for (const char* name : {"train", "test", "val"}) {
    const auto split = splits_.find(name);
    if (split == splits_.end()) continue;
    split->second.name = name;
    taken.push_back(std::move(split->second));
  }
  return taken;
}

std::string Percent(int64_t part, int64_t whole) {
  char text[16];
  std::snprintf(text, sizeof text, "%.1f %%", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
  return text;
}

int64_t CheckedClass(int64_t value, const std::string& where) {
  if (value < 0)
    ThrowData("class " + std::to_string(value) + " is not a class number", where, "count from 0");
  return value;
}

}  // namespace helio::dataio
