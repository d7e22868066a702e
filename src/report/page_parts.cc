#include "src/report/page_parts.h"

namespace helio::report {
namespace {

// JSON that may stand inside a script element, whatever its strings hold.
std::string ScriptSafe(const Json& json) {
  std::string text = JsonText(json), safe;
  for (const char c : text) c == '<' ? safe += "\\u003c" : safe += c;
  return safe;
}

// `text` with `mark` (which stands there once) replaced by `content`.
std::string Filled(std::string text, const std::string& mark, const std::string& content) {
  return text.replace(text.find(mark), mark.size(), content);
}

}  // namespace

std::string FilledPage(std::string html, const std::string& style, const std::string& script,
                       const Json& data) {
  html = Filled(std::move(html), "/*STYLE*/", style);
  html = Filled(std::move(html), "/*SCRIPT*/", script);
  return Filled(std::move(html), "/*DATA*/", ScriptSafe(data));
}

}  // namespace helio::report
