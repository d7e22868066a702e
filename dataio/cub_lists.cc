#include "dataio/cub_lists.h"

#include <cmath>
#include <sstream>

#include "dataio/source_reading.h"
#include "dataio/text_file.h"
#include "src/base/error.h"
#include "src/base/file_system.h"
#include "src/base/numbers.h"

namespace helio::dataio {
namespace fs = std::filesystem;
namespace {

// Four numbers, the last two an area.
std::array<double, 4> ParseBox(const std::string& text, const std::string& where) {
  std::istringstream fields(text);
  std::array<double, 4> box = {};
  std::string field, more;
  for (double& value : box) {
    const auto number = fields >> field ? ParseNumber<double>(field) : std::nullopt;
    if (!number || !std::isfinite(*number)) ThrowData("box '" + text + "' is not four numbers", where);
    value = *number;
  }
  if (fields >> more) ThrowData("box '" + text + "' is not four numbers", where);
  if (box[2] <= 0 || box[3] <= 0) ThrowData("box '" + text + "' has no area", where);
  return box;
}

}  // namespace

CubRows::CubRows(fs::path path, Complaints& complaints) : path_(std::move(path)) {
  for (const auto& line : ReadLines(path_)) complaints.Try([&] { ReadLine(line); });
}

const std::string& CubRows::Of(int64_t id) const {
  const auto found = rows_.find(id);
  if (found == rows_.end()) ThrowData("has no row for image " + std::to_string(id), where());
  if (const auto fault = faults_.find(id); fault != faults_.end()) ThrowData(fault->second, where());
  return found->second;
}

void CubRows::ReadLine(const std::string& line) {
  const auto blank = line.find(' ');
  const auto id = ParseNumber<int64_t>(line.substr(0, blank));
  const auto fault = "line '" + line.substr(0, 80) + "' is not '<id> <value>'";
  if (!id) ThrowData(fault, where());
  const bool whole = blank != std::string::npos;
  if (!whole) faults_[*id] = fault;
  if (!rows_.emplace(*id, whole ? line.substr(line.find_first_not_of(' ', blank)) : "").second)
    faults_[*id] = "id " + std::to_string(*id) + " appears twice";
}

CubKeyPoints::CubKeyPoints(const fs::path& folder, Complaints& complaints)
    : where_((folder / "part_locs.txt").string()) {
  const auto list = folder / "parts.txt";
  if (!Exists(list) || !Exists(where_)) return;
  const CubRows rows(list, complaints);
  for (const auto& [id, name] : rows.all()) {
    names.push_back(rows.Of(id));
    if (id != std::ssize(names)) ThrowData("does not number its key points 1, 2, 3, ...", list.string());
  }
  for (const auto& line : ReadLines(where_)) complaints.Try([&] { ReadLine(line); });
}

void CubKeyPoints::ReadLine(const std::string& line) {
  const auto fault = "line '" + line.substr(0, 80) + "' is not '<image> <part> <x> <y> <visible>'";
  std::istringstream fields(line);
  int64_t image = 0;
  size_t number = 0;
  KeyPoint point;
  std::string more;
  if (!(fields >> image)) ThrowData(fault, where_);
  const bool read = fields >> number >> point.x >> point.y >> point.visible && !(fields >> more);
  if (!read || number < 1 || number > names.size() || (point.visible != 0 && point.visible != 1)) {
    faults_.emplace(image, fault);
    return;
  }
  auto& of = points_[image];
  of.points.resize(names.size());
  of.points[number - 1] = point;
  if (!of.seen.insert(number).second)
    faults_.emplace(
        image, "has key point " + std::to_string(number) + " of image " + std::to_string(image) + " twice");
}

std::vector<KeyPoint> CubKeyPoints::Of(int64_t image) const {
  if (const auto fault = faults_.find(image); fault != faults_.end()) ThrowData(fault->second, where_);
  const auto found = points_.find(image);
  return found != points_.end() ? found->second.points : std::vector<KeyPoint>(names.size());
}

bool CubKeyPoints::HasAll(int64_t image) const {
  const auto found = points_.find(image);
  return names.empty() || (found != points_.end() && found->second.seen.size() == names.size());
}

int64_t CubLists::ClassOf(int64_t id) const {
  const std::string of = " of image " + std::to_string(id);
  const auto& label = labels.Of(id);
  const auto class_id = ParseNumber<int64_t>(label);
  if (!class_id || !classes.contains(*class_id))
    ThrowData("class '" + label + "'" + of + " is not in classes.txt", labels.where());
  classes.Of(*class_id);  // which says what is wrong with it
  return CheckedClass(*class_id - 1, labels.where() + of);
}

std::string CubLists::SplitOf(int64_t id) const {
  const auto& said = split.Of(id);
  if (said != "0" && said != "1")
    ThrowData("'" + said + "' of image " + std::to_string(id) + " is neither 0 nor 1", split.where());
  return said == "1" ? "train" : "test";
}

SourceRecord CubLists::Find(int64_t id) const {
  SourceRecord record;
  record.class_id = ClassOf(id);
  record.box = ParseBox(boxes.Of(id), boxes.where() + " of image " + std::to_string(id));
  record.key_points = key_points.Of(id);
  return record;
}

}  // namespace helio::dataio
