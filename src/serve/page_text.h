#pragma once

// The page's files, from page/ (scripts/cmake/EmbedText.cmake).
namespace helio::serve {

extern const char* const kPageHtml;
extern const char* const kPageStyle;
extern const char* const kPageScript;

}  // namespace helio::serve
