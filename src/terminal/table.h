// Table: rows of cells in columns that line up, for a terminal of a certain width or for a pipe.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "terminal/screen.h"
#include "terminal/text.h"

namespace berth::terminal {

struct Column {
  std::string heading;
  /// How narrow it may become when the terminal is; 0: as wide as it needs.
  std::size_t least = 0;
  Cut cut = Cut::kEnd;
  /// Which columns go first when cutting is not enough: the highest. 0: never.
  int expendable = 0;
};

struct Cell {
  std::string text;  ///< Plain.
  Ink ink = Ink::kPlain;
};

using Row = std::vector<Cell>;

/// Lines without line ends or spaces at their ends, the headings first. Each row has a cell for
/// every column.
std::vector<std::string> LayOut(std::vector<Column> columns, std::vector<Row> rows,
                                const Screen& screen);

}  // namespace berth::terminal
