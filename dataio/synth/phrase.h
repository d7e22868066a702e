#pragma once
#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "src/base/random.h"

namespace helio::dataio {

using Words = std::span<const char* const>;

// Trainers cut captions there.
constexpr size_t kMaxCaptionWords = 18;

std::string Text(std::initializer_list<std::string_view> pieces);

// One of them.
std::string Pick(RandomStream& random, Words words);

// `pattern` with each {name} in it replaced by `filling(name)`, from left to right.
std::string Fill(std::string_view pattern, const std::function<std::string(std::string_view)>& filling);

// "a orange" -> "an orange"
std::string WithArticles(std::string text);

// Runs of letters a to z.
size_t CountWords(const std::string& text);

}  // namespace helio::dataio
