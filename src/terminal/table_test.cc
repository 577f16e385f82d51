#include "terminal/table.h"

#include <gmock/gmock.h>

namespace berth::terminal {
namespace {

using ::testing::ElementsAre;

const std::vector<Column> kColumns{
    {.heading = "NAME", .least = 4},
    {.heading = "PROJECT", .least = 8, .cut = Cut::kStart, .expendable = 1},
    {.heading = "SEEN", .expendable = 2},
};

std::vector<Row> SomeRows() {
  return {{{.text = "laptop"}, {.text = "/home/anna/work"}, {.text = "now"}},
          {{.text = "日本"}, {}, {.text = "3m ago"}}};
}

Screen Wide(std::size_t columns) { return {.is_terminal = true, .columns = columns}; }

TEST(TableTest, PipedItIsAlignedAndWhole) {
  EXPECT_THAT(LayOut(kColumns, SomeRows(), {}),
              ElementsAre("NAME    PROJECT          SEEN",  //
                          "laptop  /home/anna/work  now",   //
                          "日本                     3m ago"));
}

TEST(TableTest, ATerminalGetsNoLineThatIsTooLong) {
  EXPECT_THAT(LayOut(kColumns, SomeRows(), Wide(26)),
              ElementsAre("NAME    PROJECT     SEEN",  //
                          "laptop  …anna/work  now",   //
                          "日本                3m ago"));
  for (std::size_t columns = 4; columns < 40; ++columns) {
    for (const std::string& line : LayOut(kColumns, SomeRows(), Wide(columns))) {
      EXPECT_LE(Width(line), columns) << line;
    }
  }
}

TEST(TableTest, WhatMattersLeastGoesFirst) {
  EXPECT_THAT(LayOut(kColumns, SomeRows(), Wide(17)),
              ElementsAre("NAME    PROJECT",  //
                          "laptop  …nna/work", "日本"));
  EXPECT_THAT(LayOut(kColumns, SomeRows(), Wide(6)), ElementsAre("NAME", "laptop", "日本"));
}

TEST(TableTest, ColoursDoNotCount) {
  Screen screen = Wide(80);
  screen.has_colours = true;
  std::vector<Row> rows{{{.text = "a", .ink = Ink::kAlert}, {.text = "b"}, {.text = "c"}}};
  const auto lines = LayOut(kColumns, rows, screen);
  EXPECT_EQ(lines[1], "\x1b[1;33ma\x1b[0m     b        c");
}

}  // namespace
}  // namespace berth::terminal
