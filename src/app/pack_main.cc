#include "dataio/packer.h"
#include "dataio/source.h"
#include "src/app/flags.h"
#include "src/app/main.h"
#include "src/base/error.h"

namespace helio::app {
namespace {

using dataio::PackOptions;
using dataio::SourceOptions;
using dataio::WordRule;

// --source: the layout of --root.
enum class Layout { kCub, kCoco, kFolder };
constexpr Named<Layout> kLayouts[] = {
    {Layout::kCub, "cub"}, {Layout::kCoco, "coco"}, {Layout::kFolder, "folder"}};

// --on_missing: what becomes of records that cannot be used.
enum class OnMissing { kError, kSkip };
constexpr Named<OnMissing> kOnMissing[] = {{OnMissing::kError, "error"}, {OnMissing::kSkip, "skip"}};

// --captions: what every record has.
enum class Captions { kText, kNone };
constexpr Named<Captions> kCaptions[] = {{Captions::kText, "text"}, {Captions::kNone, "none"}};

// --words: how captions are cut.
enum class Words { kAuto, kAscii, kUnicode };
constexpr Named<Words> kWords[] = {
    {Words::kAuto, "auto"}, {Words::kAscii, "ascii"}, {Words::kUnicode, "unicode"}};

// What a user can say: what is read, and how it is stored.
struct PackFlags {
  std::filesystem::path root, out, vocab;
  Layout source = Layout::kCub;
  OnMissing on_missing = OnMissing::kError;
  Captions captions = Captions::kText;
  Words words = Words::kAuto;
  std::string domain;
  int32_t captions_per_image = 10;
  PackOptions pack;

  void Declare(OptionList& list) {
    list.AddOperational("source", &source, kLayouts,
                        "Layout of --root; folder: whichever of docs/layouts.md it is");
    list.AddOperational("root", &root, AnyValue(),
                        "Folder to read (cub: the one that holds CUB_200_2011 and text)");
    list.AddOperational("out", &out, AnyValue(), "Folder to write the packed data set to");
    list.AddOperational("captions", &captions, kCaptions,
                        "text: every picture has captions; none: pictures alone, for systems that read none");
    list.AddOperational("domain", &domain, AnyValue(),
                        "Of a --root with the folders trainA, testA, trainB, testB (CycleGAN's sets): which "
                        "letter is packed");
    list.AddOperational(
        "words", &words, kWords,
        "Captions are cut into words of a-z and 0-9, as published (ascii), or of every script "
        "(unicode); auto: ascii for cub and coco, unicode for folder");
    list.AddOperational(
        "on_missing", &on_missing, kOnMissing,
        "Records that cannot be used (missing pictures or captions, damaged pictures): error, or "
        "skip and count");
    list.AddOperational("captions_per_image", &captions_per_image, AtLeast(0),
                        "Captions kept per picture, at most (0: all)");
    list.AddOperational(
        "vocab", &vocab, AnyValue(),
        "Use this vocabulary.json instead of building one (official encoders keep their word ids)");
    pack.Declare(list);
  }

  // Of a given vocabulary it is what its words were cut by.
  WordRule Rule() const {
    const bool unicode = words == Words::kUnicode || (words == Words::kAuto && source == Layout::kFolder);
    const auto asked = unicode ? WordRule::kUnicode : WordRule::kAscii;
    if (vocab.empty()) return asked;
    const auto rule = dataio::Vocabulary::Read(vocab).rule();
    if (words != Words::kAuto && rule != asked)
      ThrowUser("does not fit the words of " + vocab.string(), "--words=" + NameIn(kWords, words),
                "leave it out");
    return rule;
  }

  SourceOptions Source() const {
    return {.root = root,
            .captions_per_image = captions_per_image,
            .skip_missing = on_missing == OnMissing::kSkip,
            .captions = captions == Captions::kText,
            .domain = domain,
            .words = Rule()};
  }

  PackOptions Pack() const {
    auto options = pack;
    options.out = out;
    options.name = NameIn(kLayouts, source);
    options.skip_damaged = on_missing == OnMissing::kSkip;
    options.captions = captions == Captions::kText;
    options.vocabulary = vocab;
    options.words = Rule();
    return options;
  }
};

PackFlags ReadFlags() {
  auto flags = OptionsFrom<PackFlags>(GivenFlags());
  if (flags.root.empty()) ThrowUser("is missing", "--root", "name the folder that holds the data");
  if (flags.out.empty()) ThrowUser("is missing", "--out", "name a folder for the packed data set");
  if (!flags.domain.empty() && flags.source != Layout::kFolder)
    ThrowUser("is for --source=folder", "--domain=" + flags.domain);
  return flags;
}

int Run() {
  const auto flags = ReadFlags();
  const auto pack = flags.Pack();
  // Before anything is read: a second packer must not wait for minutes to hear of the first.
  dataio::PackFolder folder(flags.out);
  const auto read = flags.source == Layout::kCub    ? &dataio::ReadCub
                    : flags.source == Layout::kCoco ? &dataio::ReadCoco
                                                    : &dataio::ReadFolder;
  dataio::PackDataset(folder, read(flags.Source()), pack);
  return 0;
}

}  // namespace
}  // namespace helio::app

int main(int argc, char** argv) {
  helio::app::RegisterFlagsOf<helio::app::PackFlags>();
  return helio::app::Main(
      argc, argv, {"helio-pack turns captioned pictures into HDF5 shards: --source=cub --root=DIR --out=DIR"},
      &helio::app::Run);
}
