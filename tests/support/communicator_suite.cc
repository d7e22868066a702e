#include "tests/support/communicator_suite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/base/tensor.h"

namespace helio::testing {
namespace {

using cluster::Communicator;
using cluster::Pending;
using cluster::Reduce;
using torch::Tensor;

const std::vector<int64_t> kSizes = {0, 1, 3, 17, 5000, 100'003, 1'500'001};

// Small integers, different on every rank; any sum of them is exact even in 16 bits.
Tensor Integers(int rank, int64_t size, torch::Dtype dtype) {
  return ((torch::arange(size, torch::kInt64) * 7 + rank * 3) % 11).to(dtype);
}

Tensor OnDevice(Communicator& communicator, const Tensor& tensor) {
  return tensor.to(communicator.world().device);
}

Tensor ExpectedSum(int ranks, int64_t size, torch::Dtype dtype) {
  auto sum = torch::zeros({size}, torch::kInt64);
  for (int rank = 0; rank < ranks; ++rank) sum += Integers(rank, size, torch::kInt64);
  return sum.to(dtype);
}

void ExpectEqual(const Tensor& got, const Tensor& expected, const std::string& what) {
  EXPECT_TRUE(torch::equal(got.cpu(), expected.cpu())) << what;
}

void SumsEveryType(Communicator& c) {
  for (const auto dtype : {torch::kFloat32, torch::kFloat64, torch::kBFloat16, torch::kHalf, torch::kInt32,
                           torch::kInt64, torch::kUInt8})
    for (const int64_t size : kSizes) {
      if (size > 200'000 && dtype != torch::kFloat32) continue;
      auto buffer = OnDevice(c, Integers(c.rank(), size, dtype));
      c.AllReduce(buffer).Wait();
      ExpectEqual(buffer, ExpectedSum(c.size(), size, dtype), c10::toString(dtype));
    }
}

void MeansAndMaxima(Communicator& c) {
  for (const int64_t size : kSizes) {
    auto mean = OnDevice(c, Integers(c.rank(), size, torch::kFloat64)), max = mean.clone();
    c.AllReduce(mean, Reduce::kMean).Wait();
    c.AllReduce(max, Reduce::kMax).Wait();
    ExpectEqual(mean, ExpectedSum(c.size(), size, torch::kFloat64) / c.size(), "mean");
    auto expected = torch::zeros({size}, torch::kFloat64);
    for (int rank = 0; rank < c.size(); ++rank)
      expected = torch::maximum(expected, Integers(rank, size, torch::kFloat64));
    ExpectEqual(max, expected, "max");
  }
}

Tensor RandomOf(int rank, int64_t size) {
  auto generator = at::detail::createCPUGenerator(1234 + rank);
  return torch::randn({size}, generator);
}

// Rounding shows the order of summation: it must be the ranks' order, on every rank.
void AddsInRankOrder(Communicator& c) {
  if (!c.world().device.is_cpu()) return;
  for (const int64_t size : {777, 100'003}) {
    auto buffer = RandomOf(c.rank(), size), expected = RandomOf(0, size);
    for (int rank = 1; rank < c.size(); ++rank) expected += RandomOf(rank, size);
    c.AllReduce(buffer).Wait();
    ExpectEqual(buffer, expected, "bits of the sum");
  }
}

// Whatever the order is: the same bits on all ranks and in every run.
void SameBitsEverywhere(Communicator& c) {
  const auto options = torch::dtype(torch::kFloat32).device(c.world().device);
  Tensor first;
  for (int run = 0; run < 2; ++run) {
    auto buffer = OnDevice(c, RandomOf(c.rank(), 300'007));
    c.AllReduce(buffer).Wait();
    auto all = torch::empty({c.size(), buffer.numel()}, options);
    c.AllGather(buffer, all).Wait();
    for (int rank = 0; rank < c.size(); ++rank) ExpectEqual(all[rank], buffer, "bits of another rank");
    if (run > 0) ExpectEqual(buffer, first, "bits of another run");
    first = buffer;
  }
}

void RoundsSixteenBitsOnce(Communicator& c) {
  if (!c.world().device.is_cpu()) return;
  // 256 + 1 + 1 is 256 in bfloat16 if rounded after each addition.
  auto buffer = torch::full({9}, c.rank() == 0 ? 256 : 1, torch::kBFloat16);
  c.AllReduce(buffer).Wait();
  ExpectEqual(buffer, torch::full({9}, 255 + c.size(), torch::kFloat32).to(torch::kBFloat16), "bfloat16");
}

void KeepsNan(Communicator& c) {
  if (!c.world().device.is_cpu()) return;
  for (const auto op : {Reduce::kSum, Reduce::kMax}) {
    auto buffer = torch::zeros({4});
    if (c.rank() == c.size() - 1) buffer[2] = NAN;
    c.AllReduce(buffer, op).Wait();
    EXPECT_TRUE(std::isnan(buffer[2].item<float>()));
    EXPECT_EQ(buffer[1].item<float>(), 0);
  }
}

void ReducesChannelsLast(Communicator& c) {
  auto buffer = OnDevice(c, Integers(c.rank(), 2 * 3 * 4 * 5, torch::kFloat32).view({2, 3, 4, 5}))
                    .contiguous(at::MemoryFormat::ChannelsLast);
  c.AllReduce(buffer).Wait();
  ExpectEqual(buffer.flatten(), ExpectedSum(c.size(), 120, torch::kFloat32), "channels last");
}

void ScattersReductions(Communicator& c) {
  for (const int64_t part_size : {1, 33, 70'000, 800'001}) {
    auto whole = OnDevice(c, Integers(c.rank(), part_size * c.size(), torch::kFloat32));
    const auto expected = ExpectedSum(c.size(), part_size * c.size(), torch::kFloat32)
                              .slice(0, c.rank() * part_size, (c.rank() + 1) * part_size);
    auto part = torch::empty({part_size}, whole.options());
    c.ReduceScatter(whole.clone(), part).Wait();
    ExpectEqual(part, expected, "reduce-scatter");
    auto own = whole.slice(0, c.rank() * part_size, (c.rank() + 1) * part_size);
    c.ReduceScatter(whole, own).Wait();
    ExpectEqual(own, expected, "reduce-scatter in place");
  }
}

void GathersParts(Communicator& c) {
  for (const int64_t part_size : {1, 33, 70'000, 800'001}) {
    const auto expected = torch::arange(part_size * c.size(), torch::kFloat32);
    const auto range = expected.slice(0, c.rank() * part_size, (c.rank() + 1) * part_size);
    auto whole = OnDevice(c, torch::full({part_size * c.size()}, -1.0));
    c.AllGather(OnDevice(c, range.clone()), whole).Wait();
    ExpectEqual(whole, expected, "all-gather");
    whole.fill_(-1);
    auto own = whole.slice(0, c.rank() * part_size, (c.rank() + 1) * part_size);
    own.copy_(range);
    c.AllGather(own, whole).Wait();
    ExpectEqual(whole, expected, "all-gather in place");
  }
}

void BroadcastsFromEveryRoot(Communicator& c) {
  for (int root = 0; root < c.size(); ++root)
    for (const int64_t size : {1, 5000, 1'500'001}) {
      auto buffer = OnDevice(c, Integers(c.rank(), size, torch::kFloat32));
      c.Broadcast(buffer, root).Wait();
      ExpectEqual(buffer, Integers(root, size, torch::kFloat32), "broadcast");
    }
}

// Many operations of all sizes under way, waited for in the opposite order.
void KeepsManyUnderWay(Communicator& c) {
  std::vector<Tensor> buffers;
  std::vector<Pending> pending;
  for (int i = 0; i < 40; ++i) {
    buffers.push_back(OnDevice(c, Integers(c.rank() + i, kSizes[i % kSizes.size()], torch::kFloat32)));
    if (i % 3 == 2)
      pending.push_back(c.Broadcast(buffers.back(), i % c.size()));
    else
      pending.push_back(c.AllReduce(buffers.back()));
  }
  for (int i = 39; i >= 0; --i) {
    pending[i].Wait();
    auto expected = torch::zeros({buffers[i].numel()});
    for (int rank = 0; rank < c.size(); ++rank)
      if (i % 3 != 2 || rank == i % c.size())
        expected += Integers(rank + i, buffers[i].numel(), torch::kFloat32);
    ExpectEqual(buffers[i], expected, "operation " + std::to_string(i));
    EXPECT_TRUE(!c.world().device.is_cpu() || pending[i].Done());
  }
}

void BarrierWaitsForAll(Communicator& c) {
  using namespace std::chrono;
  auto entered = torch::zeros({c.size()}, torch::kFloat64);
  const auto now = [] { return duration<double>(system_clock::now().time_since_epoch()).count(); };
  if (c.rank() == c.size() - 1) std::this_thread::sleep_for(milliseconds(30));
  const double before = now();
  c.Barrier();
  const double after = now();
  const auto arrivals = cluster::GatherScalars(c, before);
  EXPECT_GE(after, *std::max_element(arrivals.begin(), arrivals.end()));
}

void SplitsIntoWorlds(Communicator& c) {
  const auto half = c.Split(c.rank() % 2, "half");
  const int members = (c.size() + 1 - c.rank() % 2) / 2;
  EXPECT_EQ(half->size(), members);
  EXPECT_EQ(half->rank(), c.rank() / 2);
  auto buffer = OnDevice(c, torch::full({1}, c.rank(), torch::kFloat64));
  half->AllReduce(buffer).Wait();
  double expected = 0;
  for (int rank = c.rank() % 2; rank < c.size(); rank += 2) expected += rank;
  EXPECT_EQ(buffer.item<double>(), expected);
}

// Two communicators in different orders on different ranks: neither may wait for the other.
void DuplicatesDoNotDisturb(Communicator& c) {
  const auto other = c.Duplicate("other");
  auto a = OnDevice(c, Integers(c.rank(), 1'500'001, torch::kFloat32)), b = a.clone();
  Pending first, second;
  if (c.rank() % 2 == 0 || !c.world().device.is_cpu()) {
    first = c.AllReduce(a);
    second = other->AllReduce(b);
  } else {
    second = other->AllReduce(b);
    first = c.AllReduce(a);
  }
  second.Wait();
  first.Wait();
  ExpectEqual(a, ExpectedSum(c.size(), a.numel(), torch::kFloat32), "world");
  ExpectEqual(b, ExpectedSum(c.size(), b.numel(), torch::kFloat32), "other");
}

void GathersHostValues(Communicator& c) {
  const auto scalars = cluster::GatherScalars(c, 10.0 + c.rank());
  const auto strings = cluster::GatherStrings(c, std::string(c.rank() * 5, 'x') + std::to_string(c.rank()));
  ASSERT_EQ(scalars.size(), static_cast<size_t>(c.size()));
  for (int rank = 0; rank < c.size(); ++rank) {
    EXPECT_EQ(scalars[rank], 10.0 + rank);
    EXPECT_EQ(strings[rank], std::string(rank * 5, 'x') + std::to_string(rank));
  }
  EXPECT_EQ(cluster::AllReduceScalar(c, c.rank(), Reduce::kMax), c.size() - 1);
  // Also where another rank holds more, or less.
  EXPECT_EQ(cluster::BroadcastScalar(c, 5.0 + c.rank()), 5);
  EXPECT_EQ(cluster::BroadcastScalar(c, 5.0 + c.rank(), c.size() - 1), 4 + c.size());
}

void CountsCalls(Communicator& c) {
  const auto before = c.sequence();
  c.Barrier();
  c.AllReduce(OnDevice(c, torch::ones({3}))).Wait();
  EXPECT_EQ(c.sequence(), before + 2);
}

void ComeAndGo(Communicator& c, int times) {
  for (int i = 0; i < times; ++i) {
    const auto other = c.Duplicate("short-lived");
    auto value = OnDevice(c, torch::ones({2}));
    other->AllReduce(value).Wait();
    ExpectEqual(value, torch::full({2}, static_cast<float>(c.size())), "short-lived");
  }
}

// Entries of a folder of /proc/self: "task" (threads), "fd" (open files).
int64_t CountOf(const char* folder) {
  return std::distance(std::filesystem::directory_iterator(std::string("/proc/self/") + folder), {});
}

// Communicators leave no thread and no file behind: 100 of them (HELIO_LONG_TESTS=1: a thousand), 20 of NCCL,
// which take a second each.
void ComesAndGoes(Communicator& c) {
  ComeAndGo(c, 5);
  c.Barrier();
  const int64_t threads = CountOf("task"), files = CountOf("fd");
  c.Barrier();
  const int often = std::getenv("HELIO_LONG_TESTS") ? 1000 : 100;
  ComeAndGo(c, c.world().device.is_cuda() ? 20 : often);
  c.Barrier();
  EXPECT_LE(CountOf("task"), threads);
  EXPECT_LE(CountOf("fd"), files + c.size());  // other ranks in this process may be looking, too
  c.Barrier();
}

}  // namespace

const std::vector<Check>& CommunicatorChecks() {
  static const auto& checks = *new std::vector<Check>{
      {"SumsEveryType", SumsEveryType},
      {"MeansAndMaxima", MeansAndMaxima},
      {"AddsInRankOrder", AddsInRankOrder},
      {"SameBitsEverywhere", SameBitsEverywhere},
      {"RoundsSixteenBitsOnce", RoundsSixteenBitsOnce},
      {"KeepsNan", KeepsNan},
      {"ReducesChannelsLast", ReducesChannelsLast},
      {"ScattersReductions", ScattersReductions},
      {"GathersParts", GathersParts},
      {"BroadcastsFromEveryRoot", BroadcastsFromEveryRoot},
      {"KeepsManyUnderWay", KeepsManyUnderWay},
      {"BarrierWaitsForAll", BarrierWaitsForAll},
      {"SplitsIntoWorlds", SplitsIntoWorlds},
      {"DuplicatesDoNotDisturb", DuplicatesDoNotDisturb},
      {"GathersHostValues", GathersHostValues},
      {"CountsCalls", CountsCalls},
      {"ComesAndGoes", ComesAndGoes},
  };
  return checks;
}

}  // namespace helio::testing
