#include "src/eval/png_writer.h"

#include <png.h>

#include "src/base/error.h"
#include "src/base/file_system.h"
#include "src/base/tensor.h"

namespace helio::eval {
namespace {

// libpng reports by longjmp unless told otherwise; exceptions thrown from its callbacks unwind through C code
// that Debian builds with unwind tables.
[[noreturn]] void Fail(png_structp png, png_const_charp message) {
  throw Error(ErrorKind::kData, std::string("libpng: ") + message,
              *static_cast<const std::string*>(png_get_error_ptr(png)), "");
}
void Ignore(png_structp, png_const_charp) {}

void Append(png_structp png, png_bytep data, size_t size) {
  static_cast<std::string*>(png_get_io_ptr(png))->append(reinterpret_cast<const char*>(data), size);
}

struct Writer {
  explicit Writer(const std::string& where)
      : png(png_create_write_struct(PNG_LIBPNG_VER_STRING, const_cast<std::string*>(&where), Fail, Ignore)),
        info(png_create_info_struct(png)) {}
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer() { png_destroy_write_struct(&png, &info); }
  png_structp png;
  png_infop info;
};

void SetText(Writer& writer, const std::map<std::string, std::string>& text) {
  for (const auto& [key, value] : text) {
    png_text chunk{};
    chunk.compression = PNG_ITXT_COMPRESSION_NONE;  // UTF-8
    chunk.key = const_cast<char*>(key.c_str());
    chunk.text = const_cast<char*>(value.c_str());
    chunk.itxt_length = value.size();
    chunk.lang = nullptr;
    chunk.lang_key = nullptr;
    png_set_text(writer.png, writer.info, &chunk, 1);
  }
}

std::string Encode(const torch::Tensor& pixels, const std::map<std::string, std::string>& text,
                   const std::string& where) {
  std::string bytes;
  Writer writer(where);
  png_set_write_fn(writer.png, &bytes, Append, nullptr);
  png_set_IHDR(writer.png, writer.info, static_cast<png_uint_32>(pixels.size(1)),
               static_cast<png_uint_32>(pixels.size(0)), 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  SetText(writer, text);
  png_write_info(writer.png, writer.info);
  for (int64_t row = 0; row < pixels.size(0); ++row) {
    png_write_row(writer.png, pixels.data_ptr<uint8_t>() + row * pixels.size(1) * 3);
  }
  png_write_end(writer.png, writer.info);
  return bytes;
}

}  // namespace

void WritePng(const std::filesystem::path& path, const torch::Tensor& pixels,
              const std::map<std::string, std::string>& text) {
  CHECK(pixels.dim() == 3 && pixels.size(2) == 3 && pixels.scalar_type() == torch::kUInt8);
  const auto plain = pixels.to(torch::kCPU).contiguous();
  WriteFileAtomically(path, Encode(plain, text, path.string()));
}

void WritePng(const std::filesystem::path& path, const Canvas& canvas,
              const std::map<std::string, std::string>& text) {
  WritePng(path, canvas.Pixels(), text);
}

void WritePicture(const std::filesystem::path& path, const torch::Tensor& picture) {
  WriteFileAtomically(path, PictureBytes(picture));
}

std::string PictureBytes(const torch::Tensor& picture) {
  const auto values = picture.detach().to(torch::kCPU, torch::kFloat32).clamp(-1, 1);
  return Encode(((values + 1) * 127.5).to(torch::kUInt8).permute({1, 2, 0}).contiguous(), {}, "a picture");
}

}  // namespace helio::eval
