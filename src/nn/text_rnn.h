#pragma once
#include "src/base/enum_names.h"

namespace helio::nn {

// What a text encoder's states are carried by.
enum class TextRnn { kLstm, kGru };
inline constexpr Named<TextRnn> kTextRnns[] = {{TextRnn::kLstm, "lstm"}, {TextRnn::kGru, "gru"}};

}  // namespace helio::nn
