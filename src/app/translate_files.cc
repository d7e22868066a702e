#include "src/app/translate_files.h"

#include <algorithm>
#include <fstream>

#include "dataio/image.h"
#include "src/base/error.h"
#include "src/base/file_system.h"
#include "src/base/text_list.h"
#include "src/eval/image_tensor.h"
#include "src/eval/png_writer.h"
#include "src/eval/translations.h"

namespace helio::app {
namespace {

namespace fs = std::filesystem;

// A longer side of so many shorter ones: networks take memory by it.
constexpr int64_t kMostSides = 32;

std::vector<uint8_t> BytesOf(const std::string& file) {
  if (IsFolder(file))  // which a stream opens, and fails to read
    ThrowUser("is a directory, expected a file", "--image=" + file, "name its pictures: FILE,FILE,...");
  std::ifstream in(file, std::ios::binary);
  if (!in) ThrowUser("cannot be opened", "--image=" + file, "name a JPEG or PNG file");
  return {std::istreambuf_iterator<char>(in), {}};
}

// {1, 3, h, w} in [-1, 1]; what is beyond a multiple of `step` is cut off on both sides.
torch::Tensor ReadPicture(const std::string& file, int64_t side, int64_t step) {
  const auto decoded = dataio::DecodeImage(BytesOf(file), "--image=" + file);
  dataio::CheckNotThin(decoded, side, kMostSides * side, "--image=" + file);
  const auto whole = dataio::ResizeShortSide(decoded, static_cast<int>(side));
  const auto cut = [&](int length) { return static_cast<int>(length % step); };
  const int left = cut(whole.width) / 2, top = cut(whole.height) / 2;
  const auto image = dataio::Crop(whole, left, top, left + whole.width - cut(whole.width),
                                  top + whole.height - cut(whole.height));
  return eval::SignedUnits(eval::PixelsOf(image)).unsqueeze(0);
}

recipes::Direction Find(const recipes::Translator& translator, const std::string& name) {
  std::string known;
  for (const auto& direction : translator.directions()) {
    if (name.empty() || direction.name == name) return direction;
    AddToList(known, direction.name, " or ");
  }
  ThrowUser("is unknown", "--direction='" + name + "'", "use " + known);
}

}  // namespace

void TranslateFiles(TrainedModel& model, const std::vector<std::string>& files, const std::string& name,
                    const fs::path& out) {
  auto& translator = *model.translator();
  const auto direction = Find(translator, name);
  std::vector<eval::TranslatedPicture> pictures;
  for (const auto& file : files) {
    const auto picture = ReadPicture(file, model.needs().sides.back(), translator.step());
    auto one = eval::Translated(translator, direction, {fs::path(file).filename().string()}, picture);
    pictures.push_back(std::move(one.front()));
  }
  if (out.has_parent_path()) fs::create_directories(out.parent_path());
  const auto title = model.options().run.recipe + ", step " + std::to_string(model.step());
  eval::WritePng(out, eval::DrawTranslations(pictures, title), {{"direction", direction.name}});
  for (size_t i = 0; i < pictures.size(); ++i) {
    auto single = out;
    single.replace_filename(out.stem().string() + "-" + std::to_string(i + 1) + ".png");
    eval::WritePicture(single, pictures[i].there.cpu());
  }
  LOG(INFO) << "wrote " << out.string() << " and " << pictures.size() << " single pictures beside it";
}

}  // namespace helio::app
