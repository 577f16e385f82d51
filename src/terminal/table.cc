#include "terminal/table.h"

#include <algorithm>
#include <numeric>

namespace berth::terminal {
namespace {

constexpr std::size_t kGap = 2;

std::vector<std::size_t> NaturalWidths(const std::vector<Column>& columns,
                                       const std::vector<Row>& rows) {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    std::size_t width = Width(columns[i].heading);
    for (const Row& row : rows) width = std::max(width, Width(row[i].text));
    widths.push_back(width);
  }
  return widths;
}

std::size_t Total(const std::vector<std::size_t>& widths) {
  if (widths.empty()) return 0;
  return std::accumulate(widths.begin(), widths.end(), kGap * (widths.size() - 1));
}

/// Takes columns from the widest that may give, until it fits or none may.
bool Narrow(const std::vector<Column>& columns, std::vector<std::size_t>& widths,
            std::size_t available) {
  for (std::size_t total = Total(widths); total > available; --total) {
    std::optional<std::size_t> widest;
    for (std::size_t i = 0; i < widths.size(); ++i) {
      const bool may_give = columns[i].least > 0 && widths[i] > columns[i].least;
      if (may_give && (!widest || widths[i] > widths[*widest])) widest = i;
    }
    if (!widest) return false;
    --widths[*widest];
  }
  return true;
}

/// Takes the most expendable column out; false if there is none.
bool DropOne(std::vector<Column>& columns, std::vector<Row>& rows) {
  const auto last = std::ranges::max_element(columns, {}, &Column::expendable);
  if (last == columns.end() || last->expendable == 0) return false;
  const auto index = last - columns.begin();
  columns.erase(last);
  for (Row& row : rows) row.erase(row.begin() + index);
  return true;
}

std::string LineOf(const std::vector<Column>& columns, const std::vector<std::size_t>& widths,
                   const Row& row, const Screen& screen) {
  std::string line;
  std::size_t owed = 0;  // Spaces before the next text that can be seen.
  for (std::size_t i = 0; i < row.size(); ++i) {
    const std::string text = Fit(row[i].text, widths[i], columns[i].cut);
    if (!text.empty()) {
      line.append(owed, ' ');
      line += screen.Paint(row[i].ink, text);
      owed = 0;
    }
    owed += widths[i] - Width(text) + kGap;
  }
  return line;
}

}  // namespace

std::vector<std::string> LayOut(std::vector<Column> columns, std::vector<Row> rows,
                                const Screen& screen) {
  std::vector<std::size_t> widths = NaturalWidths(columns, rows);
  if (screen.columns) {
    while (!Narrow(columns, widths, *screen.columns) && DropOne(columns, rows)) {
      widths = NaturalWidths(columns, rows);
    }
  }
  Row headings;
  for (const Column& column : columns) {
    headings.push_back({.text = column.heading, .ink = Ink::kDim});
  }
  std::vector<std::string> lines{LineOf(columns, widths, headings, screen)};
  for (const Row& row : rows) lines.push_back(LineOf(columns, widths, row, screen));
  return lines;
}

}  // namespace berth::terminal
