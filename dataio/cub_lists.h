#pragma once
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "dataio/complaints.h"
#include "dataio/source.h"

// The lists of CUB-200-2011's archive. One thread builds them; then they are immutable.
namespace helio::dataio {

// The lines "<id> <rest>" of one of the archive's lists. What is wrong with a row is told to whoever asks for
// its id; a line without an id is a complaint.
class CubRows {
 public:
  // Throws Error if the file cannot be read.
  CubRows(std::filesystem::path path, Complaints& complaints);

  // Throws Error{kData} where there is no such row, or it is wrong.
  const std::string& Of(int64_t id) const;
  bool contains(int64_t id) const { return rows_.contains(id); }
  const std::map<int64_t, std::string>& all() const { return rows_; }
  std::string where() const { return path_.string(); }

 private:
  void ReadLine(const std::string& line);

  const std::filesystem::path path_;
  std::map<int64_t, std::string> rows_, faults_;
};

// The 15 key points of every picture; none where the archive came without its folder "parts".
class CubKeyPoints {
 public:
  CubKeyPoints(const std::filesystem::path& folder, Complaints& complaints);

  // One for each name; those without a row are not visible. Throws Error{kData} where a row of the image is
  // wrong.
  std::vector<KeyPoint> Of(int64_t image) const;
  // Whether each of them has a row.
  bool HasAll(int64_t image) const;
  std::string where() const { return where_; }

  std::vector<std::string> names;

 private:
  struct OfImage {
    std::vector<KeyPoint> points;
    std::set<size_t> seen;
  };
  void ReadLine(const std::string& line);

  const std::string where_;
  std::map<int64_t, OfImage> points_;
  std::map<int64_t, std::string> faults_;
};

// The lists of the archive, each by image or class id.
struct CubLists {
  CubLists(const std::filesystem::path& archive, Complaints& complaints)
      : names(archive / "images.txt", complaints),
        labels(archive / "image_class_labels.txt", complaints),
        boxes(archive / "bounding_boxes.txt", complaints),
        split(archive / "train_test_split.txt", complaints),
        classes(archive / "classes.txt", complaints),
        key_points(archive / "parts", complaints) {}
  // These throw Error{kData} where the lists do not know the image.
  int64_t ClassOf(int64_t id) const;
  std::string SplitOf(int64_t id) const;  // "train", "test"
  SourceRecord Find(int64_t id) const;    // with its class, box and key points

  const CubRows names, labels, boxes, split, classes;
  const CubKeyPoints key_points;
};

}  // namespace helio::dataio
