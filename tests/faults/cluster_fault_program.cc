// A small training-like job in which one rank fails. Run by cluster_faults.py and others.
//   mpirun -n 3 cluster_fault_program FAULT RANK CALL DEADLINE [SECONDS [WORLD [PLACE [DEVICE]]]]
// It goes on for SECONDS (default: 60) unless the fault ends it; WORLD ranks are expected (default: any
// number). PLACE: communicator (its CALLth call), split (a Split before the first step), own_work (CALL
// seconds of it, of 10 at most), or one of BreakMpi's.
#include <iostream>

#include "cluster/launch.h"
#include "cluster/speaking_turn.h"
#include "src/base/error.h"
#include "src/base/tensor.h"
#include "tests/support/faulty_communicator.h"
#include "tests/support/faulty_mpi.h"
// clang-format off
#include <c10/core/impl/VirtualGuardImpl.h>
// clang-format on

namespace helio {
namespace {

// Whoever asks for "the" GPU gets the rank's own.
void CheckCurrent(const torch::Device& device) {
  if (device.is_cpu()) return;
  CHECK_EQ(c10::impl::VirtualGuardImpl(device.type()).getDevice(), device) << "is the thread's device";
}

int Train(cluster::Communicator& world, const testing::Fault& fault, double seconds, bool split) {
  const auto c = testing::MakeFaulty(world, fault);
  const auto other = split ? c->Duplicate("other") : nullptr;
  const auto device = world.world().device;
  CheckCurrent(device);
  auto gradient = torch::ones({300'000}, device), statistics = torch::ones({64}, device);
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  auto stop = torch::zeros({1}, device);
  // With a number of steps behind it: who watches may break something now.
  const auto announce = [&](int64_t step) {
    if (step == 10 && world.rank() == 0) std::cout << "training" << std::endl;
  };
  for (int64_t step = 0; stop.item<float>() == 0; ++step) {
    c->BeginStep(step);
    announce(step);
    if (fault.kind == testing::Fault::Kind::kDelay && fault.rank == c->rank() && step == 20) {
      const cluster::OwnWork work(c->job());
      std::this_thread::sleep_for(std::chrono::duration<double>(fault.seconds));
    }
    c->AllReduce(statistics, cluster::Reduce::kMean, "batch norm").Wait();
    const auto pending = c->AllReduce(gradient, cluster::Reduce::kMean, "g/0");
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    pending.Wait();
    stop.fill_(Clock::now() > end);
    c->AllReduce(stop, cluster::Reduce::kMax, "stop").Wait();
  }
  return 0;
}

}  // namespace
}  // namespace helio

int main(int argc, char** argv) {
  using namespace helio;
  if (argc < 5) return 2;
  cluster::LaunchOptions options;
  const std::string place = argc > 7 ? argv[7] : "communicator";
  testing::Fault fault;
  options.deadlines = {std::stod(argv[4]), std::stod(argv[4])};
  if (place == "own_work") {
    options.deadlines.first_seconds = 10;
    fault = {testing::Fault::Kind::kDelay, std::stoi(argv[2]), 0, std::stod(argv[3])};
  } else if (place == "communicator" || place == "split")
    fault = {testing::FaultKind(argv[1]), std::stoi(argv[2]), std::stoul(argv[3]), 0};
  else
    testing::BreakMpi(place, argv[1], std::stoi(argv[2]), std::stoi(argv[3]));
  options.device = ValueIn(cluster::kWantedDevices, argc > 8 ? argv[8] : "cpu").value();
  if (argc > 6) options.expect_world_size = std::stoi(argv[6]);
  const double seconds = argc > 5 ? std::stod(argv[5]) : 60;
  try {
    cluster::Launch launch(options);
    StartLogging(argv[0], launch.world().rank, launch.world().size);
    return launch.Run([&] { return Train(launch.communicator(), fault, seconds, place == "split"); });
  } catch (const Error& error) {
    cluster::LetLowerRanksSpeak(cluster::LauncherRank());
    std::cerr << error.what() << "\n";
    return error.exit_code();
  }
}
