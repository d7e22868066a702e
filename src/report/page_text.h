#pragma once

// The page's parts, from page/ (scripts/cmake/EmbedText.cmake).
namespace helio::report {

extern const char* const kPageHtml;
extern const char* const kPageStyle;
extern const char* const kPageScript;
extern const char* const kStudyHtml;
extern const char* const kStudyStyle;
extern const char* const kStudyScript;

}  // namespace helio::report
