#include "http/taken_connection.h"

#include "base/executor_testing.h"
#include "base/result_testing.h"
#include "http/body_testing.h"
#include "net/memory_pipe_testing.h"

namespace berth::http {
namespace {

using namespace std::chrono_literals;
using berth::testing::FailsWith;
using berth::testing::TestExecutor;

/// Says when nobody has it any more.
class WatchedBody : public testing::PieceBody {
 public:
  explicit WatchedBody(bool& is_dropped)
      : PieceBody(testing::Cut(std::string(4096, 'x'), 1024)), is_dropped_(is_dropped) {}
  ~WatchedBody() override { is_dropped_ = true; }

 private:
  bool& is_dropped_;
};

TEST(WriteOutTest, DropsItsBodyWhenThePeerTakesNothing) {
  TestExecutor executor;
  auto [peer, own] =
      net::testing::MakePipe(executor, {.capacity = 1024, .write_stall = Duration(10s)});
  bool is_dropped = false;
  auto writing = WriteOut(std::make_unique<WatchedBody>(is_dropped), *own);
  writing.Start();
  executor.Advance(9s);
  EXPECT_FALSE(is_dropped);
  executor.Advance(1s);
  ASSERT_TRUE(writing.is_done());
  EXPECT_TRUE(is_dropped) << "while the task itself is kept";
  EXPECT_THAT(writing.Take(), FailsWith(ErrorKind::kTimeout));
}

}  // namespace
}  // namespace berth::http
