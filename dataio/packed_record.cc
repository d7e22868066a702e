#include "dataio/packed_record.h"

#include <algorithm>
#include <set>

#include "dataio/image.h"
#include "dataio/source_reading.h"
#include "src/base/error.h"
#include "src/base/file_system.h"
#include "src/base/log.h"
#include "src/base/text_list.h"

namespace helio::dataio {
namespace {

constexpr double kMaxBox = 1 << 20;  // beyond that integers overflow; no picture is as large

// The published crop (AttnGAN code/datasets.py get_imgs): half side int(0.75 * longer side) around the box's
// centre, clipped.
struct Region {
  int left, top, right, bottom;
};

Region RegionOfBox(const Image& image, const SourceRecord& record) {
  const auto [x, y, width, height] = record.box;
  if (x >= image.width || y >= image.height || x + width <= 0 || y + height <= 0 || width > kMaxBox ||
      height > kMaxBox || x < -kMaxBox || y < -kMaxBox)
    ThrowData("its box lies outside the picture", record.image.string());
  const int reach = static_cast<int>(std::max(static_cast<int>(width), static_cast<int>(height)) * 0.75);
  const int centre_x = (2 * static_cast<int>(x) + static_cast<int>(width)) / 2,
            centre_y = (2 * static_cast<int>(y) + static_cast<int>(height)) / 2;
  const int left = std::max(0, centre_x - reach), right = std::min(image.width, centre_x + reach);
  const int top = std::max(0, centre_y - reach), bottom = std::min(image.height, centre_y + reach);
  if (left >= right || top >= bottom)
    ThrowData("its box of " + std::to_string(static_cast<int>(width)) + " x " +
                  std::to_string(static_cast<int>(height)) + " pixels is too small to be cut out",
              record.image.string(), "mend it, or take pictures whole: --crop=none");
  return {left, top, right, bottom};
}

// What a vocabulary lacks.
struct Lacking {
  int64_t words = 0, lost = 0, captions = 0;  // words, those it lacks, captions of which it has no word
  std::set<std::string> first;

  void Add(const std::string& caption, const Vocabulary& vocabulary) {
    const auto before = words - lost;
    for (const auto& word : vocabulary.WordsOf(caption)) {
      ++words;
      if (vocabulary.Find(word) > 0) continue;
      ++lost;
      if (first.size() < 5) first.insert(word);
    }
    captions += words - lost == before;
  }
};

// Key points in the whole picture.
std::vector<KeyPoint> KeyPointsWithin(const Region& picture, std::vector<KeyPoint> points,
                                      RecordNotes& notes) {
  for (auto& point : points) {
    const bool inside = point.x >= 0 && point.x <= static_cast<float>(picture.right) && point.y >= 0 &&
                        point.y <= static_cast<float>(picture.bottom);
    if (point.visible <= 0 || inside) continue;
    ++notes.points_outside;
    point = {};
  }
  return points;
}

// Ids of a caption's words, without those that a given vocabulary lacks (CheckVocabulary counts them).
std::vector<int32_t> IdsOf(const std::string& caption, const Vocabulary& vocabulary) {
  std::vector<int32_t> ids;
  for (const auto& token : vocabulary.WordsOf(caption))
    if (const int64_t id = vocabulary.Find(token); id > 0) ids.push_back(static_cast<int32_t>(id));
  return ids;
}

void AddCaptions(const SourceRecord& source, const Vocabulary& vocabulary, PackedRecord& record) {
  for (const auto& caption : source.captions) {
    if (!IsUtf8(caption)) ThrowData("a caption is not UTF-8", source.image.string());
    auto ids = IdsOf(caption, vocabulary);
    if (ids.empty()) continue;
    record.captions.push_back(caption);
    record.tokens.push_back(std::move(ids));
  }
}

// A record with all but captions and picture. `whole`: the source's picture; `region`: what of it is stored.
PackedRecord WithPlaces(const SourceRecord& source, const Region& whole, const Region& region,
                        RecordNotes& notes) {
  PackedRecord record;
  record.id = source.id;
  record.class_id = source.class_id;
  for (size_t i = 0; i < 4; ++i) record.box[i] = static_cast<float>(source.box[i]);
  record.region = {static_cast<float>(region.left), static_cast<float>(region.top),
                   static_cast<float>(region.right - region.left),
                   static_cast<float>(region.bottom - region.top)};
  record.key_points = KeyPointsWithin(whole, source.key_points, notes);
  return record;
}

}  // namespace

PackedRecord PackRecord(const SourceRecord& source, const PackOptions& options, const Vocabulary& vocabulary,
                        RecordNotes& notes) {
  const std::string where = source.image.string(), bytes = ReadFile(source.image);
  Image image =
      DecodeImage({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, where, &notes.mended);
  const Region whole{0, 0, image.width, image.height};
  const bool is_cut = source.has_box() && options.crop == Framing::kBox;
  const Region region = is_cut ? RegionOfBox(image, source) : whole;
  if (is_cut) image = Crop(image, region.left, region.top, region.right, region.bottom);
  CheckNotThin(image, options.side, options.codec == Codec::kJpeg ? kMaxJpegSide : UINT16_MAX, where);
  image = ResizeShortSide(image, options.side);
  auto record = WithPlaces(source, whole, region, notes);
  AddCaptions(source, vocabulary, record);
  if (options.captions && record.captions.empty())
    ThrowData("none of its captions has a word of the vocabulary", where);
  record.width = image.width;
  record.height = image.height;
  record.image = options.codec == Codec::kRaw ? std::move(image.pixels) : EncodeJpeg(image, options.quality);
  return record;
}

void CheckVocabulary(const std::vector<SourceSplit>& splits, const PackOptions& options,
                     const Vocabulary& vocabulary) {
  Lacking lacking;
  for (const auto& split : splits)
    for (const auto& record : split.records)
      for (const auto& caption : record.captions) lacking.Add(caption, vocabulary);
  if (lacking.lost == 0) return;
  const auto text = "lacks " + Percent(lacking.lost, lacking.words) + " of the words (" +
                    Join(lacking.first) +
                    (lacking.lost > std::ssize(lacking.first) ? ", ...) and " : ") and ") +
                    std::to_string(lacking.captions) + " whole captions, which are left out";
  if (2 * lacking.lost > lacking.words && !options.skip_damaged)
    ThrowUser(text, options.vocabulary.string(),
              "is it the vocabulary of another set or language? --on_missing=skip packs what is left");
  LOG(WARNING) << options.vocabulary.string() << ": " << text;
}

}  // namespace helio::dataio
