// What a domain of a batch may hold beside pictures and captions: geometry, wrong pictures, sentence
// embeddings, and a second data set beside the first.
#include <gtest/gtest.h>

#include "dataio/embeddings.h"
#include "dataio/evaluation_rows.h"
#include "dataio/held_out.h"
#include "dataio/loader.h"
#include "dataio/upload.h"
#include "src/base/characters.h"
#include "src/base/random.h"
#include "src/base/safetensors.h"
#include "tests/support/default_dtype.h"
#include "tests/unit/dataio/small_set.h"

namespace helio::dataio {
namespace {

constexpr int64_t kSide = 16;

std::shared_ptr<const Dataset> TrainSplit(const std::filesystem::path& root) {
  return std::make_shared<const Dataset>(root, "train");
}

Batch BatchAt(const std::vector<LoaderSource>& sources, const LoaderOptions& options, int64_t step) {
  Loader loader(sources, options, step);
  auto batch = loader.Next();
  std::vector<DomainNeeds> needs;
  for (const auto& source : sources) needs.push_back(source.needs);
  Upload(batch, needs, torch::kCPU, torch::kFloat32);
  return batch;
}

// Black pictures with a white block, whose middle is key point "spot" and whose outline is inside the box of
// 24 pixels around it; the second key point is nowhere to be seen.
SourceSplit SpottedSplit(const std::filesystem::path& folder, int64_t records) {
  SourceSplit split{"train", {}, {"spot", "hidden"}};
  for (int64_t i = 0; i < records; ++i) {
    const int x = 20 + static_cast<int>(i), y = 26;
    Image image(64, 48);
    for (int row = y - 2; row < y + 2; ++row) std::fill_n(image.row(row) + 3 * (x - 2), 3 * 4, uint8_t{255});
    SourceRecord record;
    record.id = "spotted" + std::to_string(i);
    record.image = folder / (record.id + ".jpg");
    const auto bytes = EncodeJpeg(image, 100);
    WriteText(record.image, {bytes.begin(), bytes.end()});
    record.captions = {"a spot"};
    record.box = {static_cast<double>(x - 12), static_cast<double>(y - 12), 24, 24};
    record.key_points = {{static_cast<float>(x), static_cast<float>(y), 1}, {}};
    split.records.push_back(std::move(record));
  }
  return split;
}

// Middle of what is white of {3, s, s}, in units of the side.
std::array<float, 2> MiddleOfWhite(const torch::Tensor& image) {
  const auto weight = (image.mean(0) + 1).square();
  const auto places = (torch::arange(image.size(1)) + 0.5) / image.size(1);
  return {((weight.sum(0) * places).sum() / weight.sum()).item<float>(),
          ((weight.sum(1) * places).sum() / weight.sum()).item<float>()};
}

TEST(DomainTest, GeometryIsCroppedAndMirroredWithThePicture) {
  const ScratchFolder scratch("geometry");
  PackDataset({SpottedSplit(scratch.path(), 6)}, SmallOptions(scratch.path() / "packed"));
  const auto set = TrainSplit(scratch.path() / "packed");
  const DomainNeeds needs{.sides = {kSide}, .boxes = true, .key_points = true};
  int mirrored = 0;
  for (int64_t epoch = 0; epoch < 8; ++epoch) {
    Loader loader({{set, needs}}, {.global_batch = 6}, epoch);
    auto batch = loader.Next();
    mirrored += static_cast<int>(batch.data().stored.mirrored.sum().item<int64_t>());
    Upload(batch, needs, torch::kCPU, torch::kFloat32);
    const auto& data = batch.data();
    ASSERT_EQ(data.key_points.sizes(), (torch::IntArrayRef{6, 2, 3}));
    EXPECT_EQ(data.key_points.select(1, 1).abs().sum().item<float>(), 0);
    for (int64_t i = 0; i < 6; ++i) {
      const auto seen = MiddleOfWhite(data.images[0][i]);
      const auto spot = data.key_points[i][0], box = data.boxes[i];
      EXPECT_NEAR(spot[0].item<float>(), seen[0], 0.6 / kSide);
      EXPECT_NEAR(spot[1].item<float>(), seen[1], 0.6 / kSide);
      EXPECT_EQ(spot[2].item<float>(), 1);
      EXPECT_NEAR((box[0] + box[2] / 2).item<float>(), spot[0].item<float>(), 1e-5);
      EXPECT_NEAR((box[1] + box[3] / 2).item<float>(), spot[1].item<float>(), 1e-5);
      // Stored: 36 x 36 source pixels (1.5 times the box) as 24 x 24, of which 16 x 16 are shown.
      EXPECT_NEAR(box[2].item<float>(), 24 * 24. / 36 / 16, 1e-5);
    }
  }
  EXPECT_GT(mirrored, 8);
  EXPECT_LT(mirrored, 40);
}

// With --dtype=float64 new tensors are of another type.
TEST(DomainTest, PlacesAreTheSameWhateverNetworksAreMadeOf) {
  const ScratchFolder scratch("places");
  PackDataset({SpottedSplit(scratch.path(), 6)}, SmallOptions(scratch.path() / "packed"));
  const std::vector<LoaderSource> sources{
      {TrainSplit(scratch.path() / "packed"), {.sides = {kSide}, .boxes = true, .key_points = true}}};
  const auto usual = BatchAt(sources, {.global_batch = 6}, 0);
  const DefaultDtype dtype(torch::kFloat64);
  const auto again = BatchAt(sources, {.global_batch = 6}, 0);
  EXPECT_TRUE(again.data().boxes.equal(usual.data().boxes));
  EXPECT_TRUE(again.data().key_points.equal(usual.data().key_points));
}

TEST(DomainTest, WrongPicturesAreOfAnotherClassAndDifferByEpoch) {
  const ScratchFolder scratch("wrong");
  const auto set = TrainSplit(PackSmallSet(scratch.path(), 6));
  const DomainNeeds needs{.sides = {8, kSide}, .wrong_images = true};
  // The blue of a small picture is 37 times its record's number.
  const auto record_of = [](const torch::Tensor& image) {
    return std::lround((image[2].mean().item<double>() + 1) * 127.5 / 37);
  };
  int changed = 0;
  std::map<int64_t, int64_t> before;
  for (int64_t epoch = 0; epoch < 6; ++epoch) {
    const auto batch = BatchAt({{set, needs}}, {.global_batch = 6}, epoch);
    const auto& data = batch.data();
    ASSERT_EQ(data.wrong_images.size(), 2u);
    for (int64_t i = 0; i < 6; ++i) {
      const auto row = data.records[static_cast<size_t>(i)];
      const auto wrong = record_of(data.wrong_images[1][i]);
      EXPECT_EQ(record_of(data.images[1][i]), row);
      EXPECT_NE(set->Class(wrong), set->Class(row)) << row << " " << wrong;
      changed += before.contains(row) && before[row] != wrong;
      before[row] = wrong;
    }
  }
  EXPECT_GT(changed, 8);
}

TEST(DomainTest, ASetOfOneClassHasNoWrongPictures) {
  const ScratchFolder scratch("one_class");
  auto split = SmallSplit(scratch.path(), "train", 4);
  for (auto& record : split.records) record.class_id = 3;
  PackDataset({split}, SmallOptions(scratch.path() / "packed"));
  const auto set = TrainSplit(scratch.path() / "packed");
  EXPECT_NE(ErrorOf([&] {
              Loader({{set, {.sides = {kSide}, .wrong_images = true}}}, {.global_batch = 2}, 0);
            }).find("no picture of another class"),
            std::string::npos);
}

TEST(DomainTest, AWrongPictureIsFoundWhereAllButOneAreOfOneClass) {
  const ScratchFolder scratch("rare_class");
  auto split = SmallSplit(scratch.path(), "train", 2000);
  for (auto& record : split.records) record.class_id = record.id == "train7";
  auto options = SmallOptions(scratch.path() / "packed");
  options.shard_records = 2000;
  PackDataset({split}, options);
  const Dataset set(options.out, "train");
  for (uint64_t key = 0; key < 1500; ++key) ASSERT_EQ(set.Id(WrongRow(set, 3, key)), "train7") << key;
}

TEST(DomainTest, EmbeddingsAreMeansOfARowsCaptions) {
  const ScratchFolder scratch("embeddings");
  const auto set = TrainSplit(PackSmallSet(scratch.path(), 9));
  EXPECT_NE(ErrorOf([&] { Embeddings{*set}; }).find("embeddings.train.safetensors"), std::string::npos);
  const auto numbers = torch::arange(set->captions()).to(torch::kFloat32).unsqueeze(1);
  WriteEmbeddings(*set, torch::cat({numbers, -numbers}, 1), {"numbers of captions"});
  const auto at = [&](int64_t count, int64_t step) {
    return BatchAt({{set, {.sides = {kSide}, .embeddings = count}}}, {.global_batch = 9}, step);
  };
  std::set<float> seen;
  for (int64_t epoch = 0; epoch < 4; ++epoch) {
    const auto one = at(1, epoch), all = at(10, epoch);
    for (int64_t i = 0; i < 9; ++i) {
      const auto row = one.data().records[static_cast<size_t>(i)];
      const auto first = static_cast<float>(set->FirstCaption(row)),
                 last = first + static_cast<float>(set->Captions(row)) - 1;
      const auto drawn = one.data().embeddings[i][0].item<float>();
      EXPECT_TRUE(drawn >= first && drawn <= last) << row;
      EXPECT_EQ(one.data().embeddings[i][1].item<float>(), -drawn);
      EXPECT_EQ(all.data().embeddings[i][0].item<float>(), (first + last) / 2);
      seen.insert(drawn);
    }
  }
  EXPECT_GT(seen.size(), 12u) << "of 18 captions";
}

TEST(DomainTest, EmbeddingsMayRepeatInAMean) {
  const ScratchFolder scratch("repeated_embeddings");
  const auto set = TrainSplit(PackSmallSet(scratch.path(), 9));
  WriteEmbeddings(*set, torch::arange(set->captions()).to(torch::kFloat32).unsqueeze(1),
                  {"numbers", "digest"});
  EXPECT_EQ(Embeddings(*set).encoder(), "digest");
  std::set<float> means;  // of two drawn of a record's two: both, or one of them twice
  for (int64_t epoch = 0; epoch < 8; ++epoch) {
    const auto batch = BatchAt({{set, {.sides = {kSide}, .embeddings = 2, .embeddings_repeat = true}}},
                               {.global_batch = 9}, epoch);
    for (int64_t i = 0; i < 9; ++i) {
      const auto row = batch.data().records[static_cast<size_t>(i)];
      if (set->Captions(row) == 2)
        means.insert(batch.data().embeddings[i][0].item<float>() -
                     static_cast<float>(set->FirstCaption(row)));
    }
  }
  EXPECT_EQ(means, (std::set<float>{0, 0.5, 1}));
}

TEST(DomainTest, CharactersAreThoseOfTheDrawnCaptionAndOfAnother) {
  const ScratchFolder scratch("characters");
  const auto set = TrainSplit(PackSmallSet(scratch.path(), 9));
  const auto batch =
      BatchAt({{set, {.sides = {kSide}, .characters = 40, .character_captions = 2}}}, {.global_batch = 9}, 0);
  const auto& data = batch.data();
  ASSERT_EQ(data.characters.sizes(), (at::IntArrayRef{9, 2, 40}));
  for (int64_t i = 0; i < 9; ++i) {
    const auto row = data.records[static_cast<size_t>(i)],
               drawn = data.caption_indices[static_cast<size_t>(i)];
    const auto is = [&](int64_t place, int64_t caption) {
      return torch::equal(data.characters[i][place],
                          torch::tensor(CharacterNumbers(set->Text(row, caption), 40)));
    };
    EXPECT_TRUE(is(0, drawn));
    bool another = set->Captions(row) == 1;
    for (int64_t caption = 0; caption < set->Captions(row); ++caption)
      another |= caption != drawn && is(1, caption);
    EXPECT_TRUE(another) << row;
  }
}

TEST(DomainTest, RowsOfDistinctClasses) {
  const ScratchFolder scratch("distinct");
  const Dataset set(PackSmallSet(scratch.path(), 9), "train");
  std::set<int64_t> classes, rows;
  for (int64_t row = 0; row < set.size(); ++row) classes.insert(set.Class(row));
  const auto size = std::ssize(classes);
  const DomainNeeds needs{.order = Order::kDistinctClasses};
  const Sampler sampler(set, size, needs, 1);
  for (int64_t step = 0; step < 60; ++step) {
    std::set<int64_t> seen;
    for (const auto& draw : sampler.Batch(step)) {
      seen.insert(set.Class(draw.row));
      rows.insert(draw.row);
    }
    EXPECT_EQ(seen, classes);
  }
  EXPECT_EQ(std::ssize(rows), set.size()) << "all of a class' rows get their turn";
  EXPECT_NE(ErrorOf([&] { Sampler(set, size + 1, needs, 1); }).find("classes"), std::string::npos);
}

TEST(CharactersTest, AreNumberedAsPublished) {
  EXPECT_EQ(CharacterNumbers("aZ0- ", 6), (std::vector<int64_t>{1, 26, 27, 60, 70, 0}));
  EXPECT_EQ(CharacterNumbers("a\xC3\xA9\tb", 3), (std::vector<int64_t>{1, 0, 0}))
      << "cut, unknown ones keep a place";
}

TEST(DomainTest, VectorsOfOthersAreMatchedByName) {
  const ScratchFolder scratch("named");
  const Dataset set(PackSmallSet(scratch.path(), 5), "train");
  NamedVectors named;
  std::vector<int64_t> counts;
  for (int64_t row = set.size(); row-- > 0;) {
    named.ids.push_back(set.Id(row));
    counts.push_back(set.Captions(row));
  }
  named.ids.push_back("nobody's");
  counts.push_back(1);
  named.counts = torch::tensor(counts, torch::kInt64);
  named.vectors = torch::arange(set.captions() + 1).to(torch::kFloat32).unsqueeze(1);
  const auto vectors = VectorsFor(set, named, "file");
  EXPECT_EQ(vectors.sizes(), (at::IntArrayRef{set.captions(), 1}));
  EXPECT_EQ(vectors[0][0].item<int64_t>(), set.captions() - set.Captions(0)) << "the last in the file";
  named.ids.back() = named.ids.front();
  EXPECT_NE(ErrorOf([&] { VectorsFor(set, named, "file"); }).find("'" + named.ids[0] + "' twice"),
            std::string::npos);
  named.ids.back() = "nobody's";
  named.ids[0] = "other";
  EXPECT_NE(ErrorOf([&] { VectorsFor(set, named, "file"); }).find("do not fit 1 of the 5 records"),
            std::string::npos);
}

TEST(DomainTest, VectorsOfOthersAreCheckedWhenRead) {
  const ScratchFolder scratch("named_file");
  const auto file = scratch.path() / "vectors.safetensors";
  const auto counts = torch::tensor({2, 1}, torch::kInt64);
  const auto error = [&](const torch::Tensor& vectors, const torch::Tensor& of_each, const std::string& ids) {
    WriteSafeTensors(file, {{"vectors", vectors}, {"counts", of_each}}, {{"ids", ids}});
    return ErrorOf([&] { NamedVectors::Read(file); });
  };
  const auto good = torch::ones({3, 2});
  EXPECT_EQ(error(good, counts, R"(["a", "b"])"), "");
  for (const char* ids : {R"({"a": 1})", "[0, 1]", "3", R"("ab")", R"(["a", null])"})
    EXPECT_NE(error(good, counts, ids).find("no names"), std::string::npos) << ids;
  auto broken = good.clone();
  broken[2][1] = NAN;
  EXPECT_NE(error(broken, counts, R"(["a", "b"])").find("a vector of 'b' is not finite"), std::string::npos);
  EXPECT_NE(error(torch::ones({3, 0}), counts, R"(["a", "b"])").find("no vectors"), std::string::npos);
  EXPECT_NE(error(torch::ones({0, 2}), counts.slice(0, 0, 0), "[]").find("no vectors"), std::string::npos);
  EXPECT_NE(error(good, torch::tensor({INT64_MAX, INT64_C(5)}), R"(["a", "b"])").find("as many"),
            std::string::npos);
}

TEST(DomainTest, EmbeddingsOfAnotherPackingAreRefused) {
  const ScratchFolder scratch("stale_embeddings");
  const auto root = PackSmallSet(scratch.path(), 6);
  {
    const Dataset set(root, "train");
    WriteEmbeddings(set, torch::zeros({set.captions(), 2}), {"zeros"});
  }
  std::filesystem::remove(root / "manifest.json");
  auto options = SmallOptions(root);
  options.side = 32;
  PackDataset({SmallSplit(scratch.path(), "train", 6)}, options);
  const Dataset again(root, "train");
  EXPECT_NE(ErrorOf([&] { Embeddings{again}; }).find("of another packing"), std::string::npos);
}

TEST(DomainTest, EmbeddingsWithAFlippedBitAreFound) {
  const ScratchFolder scratch("flipped_embeddings");
  const auto set = TrainSplit(PackSmallSet(scratch.path(), 6));
  WriteEmbeddings(*set, torch::ones({set->captions(), 2}), {"ones"});
  EXPECT_NO_THROW(Embeddings(*set).CheckContent());
  auto bytes = ReadFile(Embeddings::FileOf(*set));
  bytes.back() ^= 1;
  WriteText(Embeddings::FileOf(*set), bytes);
  EXPECT_NE(ErrorOf([&] { Embeddings(*set).CheckContent(); }).find("digest differs"), std::string::npos);
}

TEST(DomainTest, WhatNobodyAskedForIsNotThere) {
  const ScratchFolder scratch("frugal");
  const auto set = TrainSplit(PackSmallSet(scratch.path(), 6));
  const auto batch = BatchAt({{set, {.sides = {kSide}, .captions = false}}}, {.global_batch = 3}, 0);
  const auto& data = batch.data();
  for (const auto* tensor :
       {&data.captions, &data.caption_lengths, &data.boxes, &data.key_points, &data.embeddings})
    EXPECT_FALSE(tensor->defined());
  EXPECT_TRUE(data.wrong_images.empty());
  EXPECT_TRUE(data.classes.defined());
}

TEST(DomainTest, PicturesAloneServeSystemsThatReadNoCaptions) {
  const ScratchFolder scratch("pictures_alone");
  auto split = SmallSplit(scratch.path(), "train", 6);
  for (auto& record : split.records) record.captions.clear();
  auto options = SmallOptions(scratch.path() / "packed");
  options.captions = false;
  PackDataset({split}, options);
  const auto set = TrainSplit(options.out);
  EXPECT_EQ(
      BatchAt({{set, {.sides = {kSide}, .captions = false}}}, {.global_batch = 3}, 0).data().images.size(),
      1u);
  EXPECT_EQ(EvaluationDraws(*set, 9, 18, 1).size(), 9u);
  const DomainNeeds words{.sides = {kSide}},
      characters{.sides = {kSide}, .captions = false, .characters = 40};
  for (const auto& needs : {words, characters}) {
    const auto error = ErrorOf([&] { Loader({{set, needs}}, {.global_batch = 3}, 0); });
    EXPECT_NE(error.find("--captions=text"), std::string::npos) << error;
  }
}

// A system of small pictures sees as much of a stored one as a system of large ones.
TEST(DomainTest, ALargerCropIsReduced) {
  const ScratchFolder scratch("larger_crop");
  const auto set = TrainSplit(PackSmallSet(scratch.path(), 6));
  const auto at = [&](const DomainNeeds& needs) {
    return BatchAt({{set, needs}}, {.global_batch = 3}, 0).data();
  };
  const auto small = at({.sides = {8}, .crop = kSide}), both = at({.sides = {8, kSide}});
  EXPECT_EQ(small.images[0].sizes(), (torch::IntArrayRef{3, 3, 8, 8}));
  EXPECT_TRUE(small.images[0].equal(both.images[0]));
}

TEST(DomainTest, DrawnOrderIsNotSorted) {
  const ScratchFolder scratch("drawn_order");
  const Dataset set(PackSmallSet(scratch.path(), 12), "train");
  const Sampler sorted(set, 12, {.words = 30}, 1), drawn(set, 12, {.words = 30, .order = Order::kDrawn}, 1);
  const auto lengths = [](const Sampler& sampler) {
    std::vector<int64_t> all;
    for (const auto& draw : sampler.Batch(0)) all.push_back(draw.length);
    return all;
  };
  EXPECT_TRUE(std::ranges::is_sorted(lengths(sorted), std::greater<>()));
  EXPECT_FALSE(std::ranges::is_sorted(lengths(drawn), std::greater<>()));
}

// A small and a large set: each goes through its own epochs, the large one's are the run's; a rank's rows are
// those of the whole batch.
TEST(DomainTest, TwoDataSetsGoThroughTheirOwnEpochs) {
  const ScratchFolder small_folder("small_domain"), large_folder("large_domain");
  const auto small = TrainSplit(PackSmallSet(small_folder.path(), 4)),
             large = TrainSplit(PackSmallSet(large_folder.path(), 10));
  const std::vector<LoaderSource> sources = {{small, {.data = "photos", .sides = {kSide}}},
                                             {large, {.data = "paintings", .sides = {kSide}}}};
  EXPECT_EQ(Loader(sources, {.global_batch = 2}, 0).batches_per_epoch(), 5);
  std::multiset<int64_t> small_rows, large_rows;
  for (int64_t step = 0; step < 10; ++step) {
    const auto whole = BatchAt(sources, {.global_batch = 2}, step);
    ASSERT_EQ(whole.domains.size(), 2u);
    EXPECT_EQ(whole.epoch, step / 5);
    small_rows.insert(whole.domains[0].records.begin(), whole.domains[0].records.end());
    large_rows.insert(whole.domains[1].records.begin(), whole.domains[1].records.end());
    const auto second = BatchAt(sources, {.global_batch = 2, .rank = 1, .ranks = 2}, step);
    for (const size_t d : {0, 1})
      EXPECT_TRUE(second.domains[d].images[0][0].equal(whole.domains[d].images[0][1]));
  }
  for (int64_t row = 0; row < 4; ++row) EXPECT_EQ(small_rows.count(row), 5u);
  for (int64_t row = 0; row < 10; ++row) EXPECT_EQ(large_rows.count(row), 2u);
}

// The other side of an unpaired set: any row at any time, more of them than there are, the same on every
// rank.
TEST(DomainTest, RowsAtRandom) {
  const ScratchFolder few_folder("few_domain"), many_folder("many_domain");
  const auto few = TrainSplit(PackSmallSet(few_folder.path(), 3)),
             many = TrainSplit(PackSmallSet(many_folder.path(), 12));
  const DomainNeeds at_random{.data = "b", .sides = {kSide}, .captions = false, .order = Order::kAtRandom};
  const std::vector<LoaderSource> sources = {
      {many, {.data = "a", .sides = {kSide}, .captions = false, .order = Order::kDrawn}}, {few, at_random}};
  EXPECT_EQ(Loader(sources, {.global_batch = 4}, 0).batches_per_epoch(), 3);
  std::multiset<int64_t> rows;
  std::set<std::vector<int64_t>> batches;
  for (int64_t step = 0; step < 30; ++step) {
    const auto whole = BatchAt(sources, {.global_batch = 4}, step);
    const auto& records = whole.domains[1].records;
    rows.insert(records.begin(), records.end());
    batches.insert(records);
    const auto second = BatchAt(sources, {.global_batch = 4, .rank = 1, .ranks = 2}, step);
    EXPECT_EQ(second.domains[1].records, std::vector<int64_t>(records.begin() + 2, records.end()));
  }
  for (int64_t row = 0; row < 3; ++row) EXPECT_NEAR(static_cast<double>(rows.count(row)), 40, 20) << row;
  EXPECT_GT(batches.size(), 20u);
}

TEST(DomainTest, CounterpartsAreOfTheSameId) {
  const ScratchFolder small_folder("small_counterparts"), large_folder("large_counterparts");
  const Dataset small(PackSmallSet(small_folder.path(), 4), "train"),
      large(PackSmallSet(large_folder.path(), 10), "train");
  EXPECT_EQ(CounterpartsOf(large, small), std::vector<int64_t>());
  const DomainNeeds needs{.sides = {kSide}};
  std::vector<HeldOut> sets = {{&small, needs}, {&large, needs, CounterpartsOf(small, large)}};
  ASSERT_TRUE(HaveCounterparts(sets));
  const auto draws = EvaluationDraws(small, 4, 18, 3);
  const auto batch = HeldOutBatch(sets, draws, 3);
  for (size_t i = 0; i < 4; ++i)
    EXPECT_EQ(large.Id(batch.domains[1].records[i]), small.Id(batch.domains[0].records[i]));
  sets[1].counterparts = {};
  EXPECT_FALSE(HaveCounterparts(sets));
  EXPECT_EQ(HeldOutBatch(sets, draws, 3).domains[1].records.size(), 4u);
}

}  // namespace
}  // namespace helio::dataio
