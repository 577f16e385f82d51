#include "http/reserved_path.h"

#include <gtest/gtest.h>

namespace berth::http {
namespace {

TEST(ReservedPathTest, IsFoundInEverySpelling) {
  for (const char* path :
       {"/.berth", "/.berth/", "/.berth/session", "/%2eberth/x", "/.%62erth",
        "/%2E%62%65%72%74%68/", "/.berth%2fx", "/.berth%5Cx", "/.berth\\x", "/./.berth/x",
        "/a/../.berth/x", "/..//.berth", "/a/%2e%2e/.berth/x", "/a/b/../../.berth"}) {
    EXPECT_TRUE(IsReservedPath(path)) << path;
  }
}

TEST(ReservedPathTest, LeavesAllElseToTheInstance) {
  for (const char* path :
       {"/", "", "/berth", "/.berth2/x", "/.berthx", "/a/.berth/x", "/.berth/../a", "/%252eberth/x",
        "/.BERTH/x", "/%2", "/%zz.berth", "/.berth/..", "/x?/.berth"}) {
    EXPECT_FALSE(IsReservedPath(path)) << path;
  }
}

}  // namespace
}  // namespace berth::http
