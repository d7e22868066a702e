#include "src/eval/stroke_font.h"

#include "src/eval/glyphs.h"

namespace helio::eval {
namespace {

constexpr double kCapital = 12;  // grid units
constexpr double kGap = 3.4;     // between glyphs, from pen to pen
constexpr int kPieces = 6;       // straight pieces a curve segment

struct Point {
  double x, y;
};

double Pen(const TextStyle& style) { return style.bold ? 2.0 : 1.35; }

std::vector<Point> PointsOf(std::string_view stroke) {
  std::vector<Point> points;
  for (size_t i = 0; i + 1 < stroke.size(); i += 2)
    points.push_back({stroke[i] - 'a' + 0.0, stroke[i + 1] - 'a' + 0.0});
  return points;
}

Point Middle(Point a, Point b) { return {(a.x + b.x) / 2, (a.y + b.y) / 2}; }

void AddLine(Point a, Point b, std::vector<Segment>& out) { out.push_back({a.x, a.y, b.x, b.y}); }

// Quadratic Bezier from a to b, drawn to c.
void AddBend(Point a, Point c, Point b, std::vector<Segment>& out) {
  Point last = a;
  for (int i = 1; i <= kPieces; ++i) {
    const double t = double(i) / kPieces, u = 1 - t;
    const Point next{u * u * a.x + 2 * u * t * c.x + t * t * b.x,
                     u * u * a.y + 2 * u * t * c.y + t * t * b.y};
    AddLine(last, next, out);
    last = next;
  }
}

void AddOpenCurve(const std::vector<Point>& p, std::vector<Segment>& out) {
  Point from = p.front();
  for (size_t i = 1; i + 1 < p.size(); ++i) {
    const Point to = i + 2 == p.size() ? p.back() : Middle(p[i], p[i + 1]);
    AddBend(from, p[i], to, out);
    from = to;
  }
}

void AddClosedCurve(const std::vector<Point>& p, std::vector<Segment>& out) {
  const size_t n = p.size();
  for (size_t i = 0; i < n; ++i)
    AddBend(Middle(p[(i + n - 1) % n], p[i]), p[i], Middle(p[i], p[(i + 1) % n]), out);
}

void AddStroke(std::string_view stroke, std::vector<Segment>& out) {
  const bool marked = stroke[0] == '-' || stroke[0] == '*' || stroke[0] == '.';
  const auto points = PointsOf(stroke.substr(marked ? 1 : 0));
  if (stroke[0] == '.') return AddLine(points[0], points[0], out);
  if (stroke[0] == '*') return AddClosedCurve(points, out);
  if (!marked) return AddOpenCurve(points, out);
  for (size_t i = 0; i + 1 < points.size(); ++i) AddLine(points[i], points[i + 1], out);
}

std::vector<Segment> SegmentsOf(const Glyph& glyph) {
  std::vector<Segment> segments;
  for (size_t begin = 0; begin < glyph.strokes.size();) {
    const size_t end = std::min(glyph.strokes.find(' ', begin), glyph.strokes.size());
    AddStroke(glyph.strokes.substr(begin, end - begin), segments);
    begin = end + 1;
  }
  return segments;
}

double Advance(const Glyph& glyph, const TextStyle& style) {
  return (glyph.width + kGap + (style.bold ? 0.5 : 0.0)) * style.size / kCapital;
}

// Takes from `text` as many whole words as fit, or a part of the first word if not even that fits.
std::string TakeLine(std::string_view& text, const TextStyle& style, double width) {
  size_t fits = 0, space = std::string_view::npos;
  while (fits < text.size() && TextWidth(text.substr(0, fits + 1), style) <= width) {
    if (text[fits] == ' ') space = fits;
    ++fits;
  }
  if (fits == text.size() || text[fits] == ' ') space = fits;
  const size_t cut = space == std::string_view::npos ? std::max<size_t>(fits, 1) : space;
  const std::string line(text.substr(0, cut));
  text.remove_prefix(cut);
  while (text.starts_with(' ')) text.remove_prefix(1);
  return line;
}

std::string WithDots(std::string line, const TextStyle& style, double width) {
  while (!line.empty() && TextWidth(line + "...", style) > width) line.pop_back();
  while (line.ends_with(' ')) line.pop_back();
  return line + "...";
}

}  // namespace

double TextWidth(std::string_view text, const TextStyle& style) {
  double width = 0;
  for (const char c : text) width += Advance(FindGlyph(static_cast<unsigned char>(c)), style);
  return width;
}

double DrawText(Canvas& canvas, double x, double y, std::string_view text, const TextStyle& style) {
  const double scale = style.size / kCapital;
  for (const char c : text) {
    const Glyph& glyph = FindGlyph(static_cast<unsigned char>(c));
    auto segments = SegmentsOf(glyph);
    const double left = x + kGap / 2 * scale, top = y - style.size;
    for (auto& s : segments) {
      s = {left + s.x0 * scale, top + s.y0 * scale, left + s.x1 * scale, top + s.y1 * scale};
    }
    canvas.DrawStrokes(segments, std::max(Pen(style) * scale, 1.0), style.colour);
    x += Advance(glyph, style);
  }
  return x;
}

int64_t LineHeight(const TextStyle& style) { return std::lround(style.size * 1.75); }

std::vector<std::string> WrapText(std::string_view text, const TextStyle& style, double width, size_t lines) {
  std::vector<std::string> wrapped;
  while (!text.empty() && wrapped.size() < lines) wrapped.push_back(TakeLine(text, style, width));
  if (!text.empty() && !wrapped.empty()) wrapped.back() = WithDots(wrapped.back(), style, width);
  return wrapped;
}

}  // namespace helio::eval
