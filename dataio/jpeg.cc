// clang-format off
#include <cstdio>  // before jpeglib.h, which lacks it
#include <jpeglib.h>
#include <jerror.h>
// clang-format on

#include <csetjmp>
#include <cstring>

#include "dataio/decoders.h"
#include "dataio/exif.h"
#include "src/base/error.h"

namespace helio::dataio {
namespace {

// libjpeg's errors come back by longjmp, over C frames alone: what has a destructor lives outside the setjmp.
struct JpegErrors {
  jpeg_error_mgr manager;  // first: libjpeg has a pointer to it
  std::jmp_buf back;
  char text[JMSG_LENGTH_MAX] = "";
  bool mended = false;
};

JpegErrors& ErrorsOf(j_common_ptr jpeg) { return *reinterpret_cast<JpegErrors*>(jpeg->err); }

[[noreturn]] void GiveUp(j_common_ptr jpeg) {
  auto& errors = ErrorsOf(jpeg);
  errors.manager.format_message(jpeg, errors.text);
  std::longjmp(errors.back, 1);
}

// Bytes between segments and behind the scan, and headers that contradict themselves in words only, cost
// nothing of the picture. Any other warning is damage: a truncated scan is filled with grey, and silently
// wrong pictures are worse than none.
void Warn(j_common_ptr jpeg, int level) {
  if (level >= 0) return;
  const int code = jpeg->err->msg_code;
  if (code != JWRN_EXTRANEOUS_DATA && code != JWRN_JFIF_MAJOR && code != JWRN_ADOBE_XFORM) GiveUp(jpeg);
  ErrorsOf(jpeg).mended = true;
}

class JpegReader {
 public:
  JpegReader(std::span<const uint8_t> bytes, const std::string& where) : bytes_(bytes), where_(where) {
    jpeg_.err = jpeg_std_error(&errors_.manager);
    errors_.manager.error_exit = &GiveUp;
    errors_.manager.emit_message = &Warn;
  }
  ~JpegReader() { jpeg_destroy_decompress(&jpeg_); }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;

  // The pixels: {height, width, channels()}.
  std::vector<uint8_t> Read() {
    if (!Begin()) Fail();
    CheckImageSize(jpeg_.image_width, jpeg_.image_height, where_);
    orientation_ = SavedOrientation();
    if (!Start()) Fail();
    std::vector<uint8_t> pixels(static_cast<size_t>(width()) * height() * channels());
    if (!ReadRows(pixels.data(), static_cast<size_t>(width()) * channels())) Fail();
    return pixels;
  }
  int width() const { return static_cast<int>(jpeg_.output_width); }
  int height() const { return static_cast<int>(jpeg_.output_height); }
  int channels() const { return jpeg_.output_components; }  // 3: RGB, 4: CMYK
  bool mended() const { return errors_.mended; }
  int orientation() const { return orientation_; }  // Exif's, 1 to 8

 private:
  [[noreturn]] void Fail() const { ThrowData(std::string("JPEG does not decode: ") + errors_.text, where_); }

  bool Begin() {
    if (setjmp(errors_.back) != 0) return false;
    jpeg_create_decompress(&jpeg_);
    jpeg_mem_src(&jpeg_, bytes_.data(), bytes_.size());
    jpeg_save_markers(&jpeg_, kExifMarker, 0xFFFF);
    jpeg_read_header(&jpeg_, TRUE);
    return true;
  }

  // Of the markers that libjpeg found: where it passes over fill bytes and stray ones, so do we. They are
  // gone when the picture is read.
  int SavedOrientation() const {
    for (const auto* marker = jpeg_.marker_list; marker != nullptr; marker = marker->next)
      if (marker->marker == kExifMarker && marker->data_length >= 6 &&
          std::memcmp(marker->data, "Exif\0\0", 6) == 0)
        return OrientationOfExif({marker->data, marker->data_length});
    return 1;
  }

  bool Start() {
    if (setjmp(errors_.back) != 0) return false;
    const bool cmyk = jpeg_.jpeg_color_space == JCS_CMYK || jpeg_.jpeg_color_space == JCS_YCCK;
    jpeg_.out_color_space = cmyk ? JCS_CMYK : JCS_RGB;
    jpeg_.dct_method = JDCT_ISLOW;
    jpeg_start_decompress(&jpeg_);
    return true;
  }

  bool ReadRows(uint8_t* pixels, size_t row_bytes) {
    if (setjmp(errors_.back) != 0) return false;
    while (jpeg_.output_scanline < jpeg_.output_height) {
      JSAMPROW row = pixels + jpeg_.output_scanline * row_bytes;
      jpeg_read_scanlines(&jpeg_, &row, 1);
    }
    jpeg_finish_decompress(&jpeg_);
    return true;
  }

  static constexpr int kExifMarker = JPEG_APP0 + 1;
  const std::span<const uint8_t> bytes_;
  const std::string& where_;
  JpegErrors errors_;
  jpeg_decompress_struct jpeg_{};
  int orientation_ = 1;
};

// Adobe's CMYK JPEGs store inverted values; so 255 is "no ink".
Image CmykToRgb(const std::vector<uint8_t>& cmyk, int width, int height) {
  Image image(width, height);
  for (size_t i = 0; i < static_cast<size_t>(width) * height; ++i)
    for (size_t c = 0; c < 3; ++c)
      image.pixels[3 * i + c] = static_cast<uint8_t>(cmyk[4 * i + c] * cmyk[4 * i + 3] / 255);
  return image;
}

}  // namespace

Image DecodeJpeg(std::span<const uint8_t> bytes, const std::string& where, bool* mended) {
  JpegReader reader(bytes, where);
  auto pixels = reader.Read();
  if (mended) *mended = reader.mended();
  if (reader.channels() == 4)
    return Upright(CmykToRgb(pixels, reader.width(), reader.height()), reader.orientation());
  Image image;
  image.width = reader.width();
  image.height = reader.height();
  image.pixels = std::move(pixels);
  return Upright(std::move(image), reader.orientation());
}

}  // namespace helio::dataio
