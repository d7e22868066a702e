#include "src/base/cpu_quota.h"

#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <sstream>
#include <vector>

namespace helio {
namespace {

namespace fs = std::filesystem;

// A hierarchy that may limit CPU time, and the group that stands where it is mounted.
struct GroupMount {
  std::string group;
  fs::path point;
  bool unified = false;  // version 2
};

std::vector<std::string> LinesOf(const fs::path& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

bool Lists(const std::string& commas, const std::string& word) {
  return ("," + commas + ",").find("," + word + ",") != std::string::npos;
}

// Of a line of mountinfo: id parent device GROUP POINT options [tag...] - TYPE source OPTIONS (proc(5)).
std::optional<GroupMount> MountIn(const std::string& line) {
  std::istringstream text(line);
  std::vector<std::string> words;
  for (std::string word; text >> word;) words.push_back(word);
  const auto dash = std::ranges::find(words, "-");
  if (dash - words.begin() < 6 || words.end() - dash < 4) return std::nullopt;
  const bool unified = dash[1] == "cgroup2";
  if (!unified && (dash[1] != "cgroup" || !Lists(dash[3], "cpu"))) return std::nullopt;
  return GroupMount{words[3], words[4], unified};
}

// Of a line of /proc/self/cgroup: "0::/a/b" of the unified hierarchy, "4:cpu,cpuacct:/a/b" of version 1.
std::optional<std::string> GroupIn(const std::string& line, bool unified) {
  const size_t first = line.find(':'), second = line.find(':', first + 1);
  if (first == std::string::npos || second == std::string::npos) return std::nullopt;
  const auto controllers = line.substr(first + 1, second - first - 1);
  if (unified ? !controllers.empty() : !Lists(controllers, "cpu")) return std::nullopt;
  return line.substr(second + 1);
}

// What `group` is called below the mount; "" for the mount's own, or one that lies outside of it.
fs::path Below(const GroupMount& mount, const std::string& group) {
  const auto below = fs::path(group).lexically_relative(mount.group);
  return below.empty() || below == "." || *below.begin() == ".." ? fs::path() : below;
}

// In processors; nothing for "max", -1, or a group without that file (the topmost one).
std::optional<double> QuotaOf(const fs::path& folder, bool unified) {
  std::string words;
  for (const char* name : {"cpu.max", "cpu.cfs_quota_us", "cpu.cfs_period_us"})
    if (unified == (std::string(name) == "cpu.max"))
      for (const auto& line : LinesOf(folder / name)) words += line + " ";
  std::istringstream text(words);
  double quota = 0, period = 0;
  if (!(text >> quota >> period) || quota <= 0 || period <= 0) return std::nullopt;
  return quota / period;
}

std::string IdentityOf(const fs::path& folder) {
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0) return folder.string();
  return std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
}

// From the group up to the one that is mounted at `top`.
void AddQuotas(const fs::path& top, const fs::path& below, bool unified,
               std::map<std::string, double>& quotas) {
  for (fs::path group = below;; group = group.parent_path()) {
    const auto folder = group.empty() ? top : top / group;
    if (const auto cpus = QuotaOf(folder, unified)) quotas[IdentityOf(folder)] = *cpus;
    if (group.empty()) return;
  }
}

}  // namespace

std::map<std::string, double> CpuQuotas(const fs::path& root) {
  std::map<std::string, double> quotas;
  const auto groups = LinesOf(root / "proc/self/cgroup");
  for (const auto& line : LinesOf(root / "proc/self/mountinfo")) {
    const auto mount = MountIn(line);
    if (!mount) continue;
    for (const auto& own : groups)
      if (const auto group = GroupIn(own, mount->unified))
        AddQuotas(root / mount->point.relative_path(), Below(*mount, *group), mount->unified, quotas);
  }
  return quotas;
}

}  // namespace helio
