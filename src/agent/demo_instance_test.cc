#include "agent/demo_instance.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "base/executor_testing.h"
#include "base/result_testing.h"

namespace berth::agent {
namespace {

using berth::testing::IsOk;
using berth::testing::TestExecutor;

class DemoInstanceTest : public ::testing::Test {
 protected:
  http::Response Ask(std::string method, std::string target, std::string protocol = "",
                     http::BodyPtr body = nullptr) {
    http::Request request;
    request.head.method = std::move(method);
    request.head.scheme = "http";
    request.head.authority = "demo";
    request.head.target = std::move(target);
    request.head.protocol = std::move(protocol);
    request.body = std::move(body);
    auto response = executor_.Await(instance_.Exchange(std::move(request)));
    EXPECT_THAT(response, IsOk());
    return response ? std::move(*response) : http::Response{};
  }
  std::string TextOf(http::Response response) {
    auto text = executor_.Await(http::ReadAll(response.body.get(), 1 << 20));
    return text ? *text : "";
  }

  TestExecutor executor_;
  DemoInstance instance_{executor_};
};

TEST_F(DemoInstanceTest, ServesItsPageAndWhatThatNames) {
  const std::string page = TextOf(Ask("GET", "/"));
  for (const char* target : {"/style.css", "/app.js", "/logo.svg"}) {
    EXPECT_NE(page.find(target), page.npos) << target;
    EXPECT_EQ(Ask("GET", target).head.status, 200) << target;
  }
  EXPECT_EQ(page.find("https://"), page.npos);  // Nothing of other hosts.
  EXPECT_EQ(Ask("GET", "/nothing").head.status, 404);
  EXPECT_EQ(Ask("POST", "/").head.status, 405);
}

TEST_F(DemoInstanceTest, MeasuresAnUpload) {
  const auto answer = boost::json::parse(
      TextOf(Ask("POST", "/upload", "", std::make_unique<http::TextBody>("abc"))));
  EXPECT_EQ(answer.at("bytes"), 3);
  EXPECT_EQ(answer.at("sha256").as_string(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(boost::json::parse(TextOf(Ask("POST", "/upload"))).at("bytes"), 0);
}

TEST_F(DemoInstanceTest, SendsAnEventASecond) {
  auto response = Ask("GET", "/events");
  auto first = executor_.Await(response.body->Read());
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(net::AsText(*first), "data: 1\n\n");
  auto second = response.body->Read();
  second.Start();
  executor_.Advance(std::chrono::milliseconds(999));
  EXPECT_FALSE(second.is_done());
  executor_.Advance(std::chrono::milliseconds(1));
  ASSERT_TRUE(second.is_done());
  EXPECT_EQ(net::AsText(*second.Take()), "data: 2\n\n");
}

TEST_F(DemoInstanceTest, EchoesWhatAWebSocketSays) {
  // A masked text frame "hi" with the key 0.
  const std::string frame("\x81\x82\0\0\0\0hi", 8);
  auto response = Ask("GET", "/echo", "websocket", std::make_unique<http::TextBody>(frame));
  EXPECT_EQ(response.head.status, 101);
  auto piece = executor_.Await(response.body->Read());
  ASSERT_THAT(piece, IsOk());
  EXPECT_EQ(net::AsText(*piece).substr(0, 4), "\x81\x02hi");
}

}  // namespace
}  // namespace berth::agent
