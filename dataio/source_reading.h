#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "dataio/complaints.h"
#include "dataio/source.h"

namespace helio::dataio {

// What reading a source collects: records by split, what is wrong with single ones, what was left out. One
// thread.
class SourceReading {
 public:
  explicit SourceReading(const SourceOptions& options)
      : options_(options), complaints_(options.skip_missing) {}

  const SourceOptions& options() const { return options_; }
  Complaints& complaints() { return complaints_; }

  // A caption for `record`, on one line. One without a word by the rule is dropped, as is one beyond the
  // limit; both are counted. Throws Error{kData} if it is not UTF-8.
  void AddCaption(SourceRecord& record, const std::string& caption);
  // The lines of a text file as captions. Throws Error{kData} if it is missing or not UTF-8.
  void AddCaptionFile(SourceRecord& record, const std::filesystem::path& path);

  // A record of `picture` (relative to the root), as yet without captions.
  SourceRecord RecordOf(const std::filesystem::path& picture) const;

  // `split` as people write it ("train", "validation", ...); empty: left open, then every tenth such record
  // is for testing. Throws Error{kData} if the picture is missing, the record lacks captions, or its id is
  // not new.
  void Add(SourceRecord record, const std::string& split);

  // A picture of which nothing is known but its split (see SplitRule::Of) and the file of its captions
  // (empty: none is looked for); both paths are relative to the root. One that has no split goes to
  // `unlisted`.
  void AddPicture(const std::filesystem::path& picture, const std::optional<std::string>& split,
                  const std::filesystem::path& captions, std::vector<std::string>& unlisted);

  // In words, for the log: what made the splits.
  void SplitsAreBy(std::string text) { made_splits_ = std::move(text); }
  // For the log: files (relative to the root) that were read beside the pictures.
  void AreRead(const std::vector<std::filesystem::path>& files) { read_.insert(files.begin(), files.end()); }
  // Logs which of `files` no one has read.
  void TellUnread(const std::vector<std::filesystem::path>& files) const;
  // For the log: `what` was passed over; the first few are named.
  void PassedOver(const std::string& what, const std::vector<std::string>& names) const;

  // Settles the complaints, logs what made the splits, and gives the records. Throws Error{kUser} if there
  // are none, if their captions have no letters or would lose most of them, or if the class numbers are ids.
  // Last.
  std::vector<SourceSplit> Finish();

 private:
  struct Seen {
    std::string split;
    std::filesystem::path image;
    bool said;  // the split, by somebody
  };
  std::string NextOfTenths();
  void CheckNew(const SourceRecord& record, const Seen& now);
  void CheckHasCaption(const SourceRecord& record, const std::filesystem::path& where) const;
  void CheckLettersAreThere() const;
  void CheckLetters() const;
  void CheckClasses();
  void CheckClassNumbers();
  void DropClasses();
  void RenameVal();
  void LogSplits() const;

  const SourceOptions options_;
  Complaints complaints_;
  std::map<std::string, SourceSplit> splits_;  // by name
  std::map<std::string, Seen> seen_;           // by id
  std::string made_splits_, first_caption_;
  std::set<std::filesystem::path> read_;
  LetterCount letters_;
  int64_t undecided_ = 0, wordless_ = 0, beyond_limit_ = 0;
};

std::string Percent(int64_t part, int64_t whole);  // "12.5 %"

// A class number from 0. Throws Error{kData} where it is none.
int64_t CheckedClass(int64_t value, const std::string& where);

}  // namespace helio::dataio
