#pragma once
#include <string>
#include <vector>

namespace helio::app {

// A caption with one word changed.
struct CaptionEdit {
  std::string label;    // "red > blue"
  std::string caption;  // the whole caption afterwards
  std::string word;     // the new word
};

// --edit=WORD:NEW,...: each changes one word of `text` itself, in any case, the first one of several that are
// alike; WORD#2 is the second one. Throws Error{kUser} where the form is another, or `text` has no such word.
std::vector<CaptionEdit> EditsOf(const std::string& text, const std::string& edits);

}  // namespace helio::app
