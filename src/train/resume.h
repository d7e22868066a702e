#pragma once
#include <filesystem>
#include <optional>
#include <string>

#include "src/base/option_list.h"
#include "src/train/checkpoint.h"
#include "src/train/run_identity.h"

namespace helio::train {

// What --resume may be beside a checkpoint's folder.
inline constexpr char kFromNewest[] = "auto", kFromNothing[] = "none";

// The checkpoint that `from` (one of these, or a checkpoint's folder) means for a run with checkpoints under
// `root`. Throws Error{kData} where all of them are damaged.
std::optional<Snapshot> FindCheckpoint(const std::filesystem::path& root, const std::string& from);

// The checkpoint under `root` that a training which has diverged goes back to: the newest that was not made
// among bad steps, as a signal makes one; where there is none as FindCheckpoint(root, "auto").
std::optional<Snapshot> FindWayBack(const std::filesystem::path& root);

// Throws Error{kUser} with every difference whose flag `allowed` (comma-separated) does not name. `where`:
// the run's folder.
void CheckIdentity(const Snapshot& snapshot, const RunIdentity& identity, const std::string& allowed,
                   const std::string& where);

// The flags of `identity` that differ from those recorded (a flagfile), as "\n  --name: recorded -> now"
// lines, without those named in `allowed` (comma-separated). Empty when a resume is fine. A flag that was not
// recorded had its default: what is new since then was not there. One that is recorded and no longer read is
// passed over. 0.1 and 0.10000000000000001 are equal.
std::string FlagDifferences(const std::string& recorded, const RunIdentity& identity,
                            const std::string& allowed);

// "--steps: 100 -> 200" where the length of the run is not the one in the flagfile `recorded`; schedules
// depend on it.
std::string LengthDifference(const std::string& recorded, const std::string& now);

// "\n  name: content recorded -> now" unless they are equal, nothing was recorded, or `allowed` has the name
// (without dashes): for what files contain, of the flag "--data" or of the "frozen" networks.
std::string ContentDifference(const std::string& name, const std::string& recorded, const std::string& now,
                              const std::string& allowed);

}  // namespace helio::train
