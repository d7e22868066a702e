#include "src/app/drawing_manifest.h"

#include "src/eval/png_writer.h"

namespace helio::app {

DrawingManifest::DrawingManifest(std::filesystem::path out) : out_(std::move(out)) {
  if (out_.has_parent_path()) std::filesystem::create_directories(out_.parent_path());
}

std::filesystem::path DrawingManifest::Beside(const std::string& ending) const {
  auto path = out_;
  return path.replace_filename(out_.stem().string() + ending);
}

void DrawingManifest::Add(const std::string& name, const torch::Tensor& picture, Json line) {
  const auto file = Beside("-" + name + ".png");
  eval::WritePicture(file, picture);
  Json entry = {{"file", file.filename().string()}};
  entry.update(line);
  lines_ += JsonText(entry) + "\n";
  ++count_;
}

void DrawingManifest::Write() const {
  WriteFileAtomically(Beside(".jsonl"), lines_);
  LOG(INFO) << "wrote " << out_.string() << ", " << count_
            << " single pictures beside it, and what they are in " << Beside(".jsonl").string();
}

}  // namespace helio::app
