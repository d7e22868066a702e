#pragma once
#include <string>
#include <vector>

#include "cluster/world.h"
#include "src/base/enum_names.h"

namespace helio::cluster {

// --device: where ranks are to compute.
enum class WantedDevice {
  kAuto,  // a GPU a rank if its host has any
  kCpu,
  kCuda,
};
inline constexpr Named<WantedDevice> kWantedDevices[] = {
    {WantedDevice::kAuto, "auto"}, {WantedDevice::kCpu, "cpu"}, {WantedDevice::kCuda, "cuda"}};

// What decides on which device a rank computes.
struct RankDevices {
  std::string host;
  int gpus = 0;         // that it sees; 0 with --device=cpu
  int local_ranks = 1;  // on its host
  // The UUID's bytes of the GPU where it sees exactly one, since a launcher may show each rank its own; else
  // empty.
  std::string gpu = {};
};

// How many GPUs --device=`wanted` lets this process see.
int UsableGpus(WantedDevice wanted);

// Throws Error{kUser} that names the ranks and hosts if --device=cuda finds no GPU somewhere, if only some of
// the ranks see one (a driver that is broken on one host), or if a host has more ranks than GPUs: those that
// all of them see, or those that each one alone sees. Pure: on the same list every rank throws the same,
// before any communicator is built.
void CheckDevices(WantedDevice wanted, const std::vector<RankDevices>& ranks, bool share_gpus);

// The device of a rank that sees so many GPUs: its local rank's, the ranks of a host taking them in turn;
// without GPUs the CPU. Pure.
c10::Device DeviceOf(const World& world, int gpus);

}  // namespace helio::cluster
