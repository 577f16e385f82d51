#include "http/compression.h"

#include <gmock/gmock.h>

#include "base/executor_testing.h"
#include "base/result_testing.h"
#include "http/body_testing.h"
#include "http/content_decoder.h"

namespace berth::http {
namespace {

using berth::testing::FailsWith;
using berth::testing::IsOk;
using ::testing::Optional;
using testing::PieceBody;

using Pairs = std::vector<std::pair<std::string_view, std::string_view>>;

std::string Text(std::size_t size = 20'000) {
  std::string text;
  while (text.size() < size) text += "all work and no play " + std::to_string(text.size()) + "\n";
  text.resize(size);
  return text;
}

class CompressionTest : public ::testing::Test {
 protected:
  /// The response to a browser that accepts `accepted`, after the compressor has seen it.
  Response Answer(Response response, std::string_view accepted = "gzip, deflate, br",
                  std::string_view method = "GET", const Pairs& more = {}) {
    RequestHead head;
    head.method = method;
    if (!accepted.empty()) head.fields.Add("accept-encoding", accepted);
    for (const auto& [name, value] : more) head.fields.Add(name, value);
    compressor_.Apply(CompressionAsk::Of(head), method, response);
    return response;
  }

  static Response Page(std::string_view type = "text/html; charset=utf-8", const Pairs& fields = {},
                       std::string text = Text()) {
    Response response;
    response.head.fields.Add("content-type", type);
    response.head.fields.Add("content-length", std::to_string(text.size()));
    for (const auto& [name, value] : fields) response.head.fields.Set(name, value);
    response.body = std::make_unique<TextBody>(std::move(text));
    return response;
  }

  std::string Read(Response& response) {
    auto all = executor_.Await(ReadAll(response.body.get(), 1 << 24));
    EXPECT_THAT(all, IsOk());
    const auto coding = response.head.fields.Find("content-encoding").value_or("");
    auto decoder = ContentDecoder::Create(coding);
    std::string_view in = *all;
    std::string out;
    for (std::size_t before = 1; before != in.size() + out.size();) {
      before = in.size() + out.size();
      EXPECT_THAT(decoder->Decode(in, out), IsOk());
      if (!in.empty()) before = 0;
    }
    EXPECT_THAT(decoder->Finish(), IsOk());
    return out;
  }

  void ExpectUntouched(Response response, std::string_view why,
                       std::string_view accepted = "gzip, br", std::string_view method = "GET",
                       const Pairs& more = {}) {
    const auto coding = response.head.fields.Find("content-encoding");
    const std::string before(coding.value_or("none"));
    Body* const body = response.body.get();
    auto answer = Answer(std::move(response), accepted, method, more);
    EXPECT_EQ(answer.head.fields.Find("content-encoding").value_or("none"), before) << why;
    EXPECT_EQ(answer.body.get(), body) << why;
  }

  berth::testing::TestExecutor executor_;
  Limits limits_;
  Compressor compressor_{limits_};
};

TEST_F(CompressionTest, TextIsCompressedAsTheBrowserLikesIt) {
  for (const std::string_view coding : {"gzip", "br", "zstd"}) {
    auto answer = Answer(Page(), coding);
    EXPECT_THAT(answer.head.fields.Find("content-encoding"), Optional(coding));
    EXPECT_THAT(answer.head.fields.Find("vary"), Optional(std::string_view("accept-encoding")));
    EXPECT_FALSE(answer.head.fields.Has("content-length"));
    EXPECT_FALSE(answer.body->length());
    EXPECT_EQ(Read(answer), Text());
  }
}

TEST_F(CompressionTest, TheHeadTellsTheTruth) {
  auto answer = Answer(Page("text/css", {{"etag", "\"abc\""},
                                         {"accept-ranges", "bytes"},
                                         {"vary", "origin"},
                                         {"content-encoding", "identity"},
                                         {"cache-control", "max-age=60"}}));
  EXPECT_EQ(answer.head.fields.Find("etag"), "W/\"abc~berth\"");
  EXPECT_FALSE(answer.head.fields.Has("accept-ranges"));
  EXPECT_TRUE(answer.head.fields.HasToken("vary", "origin"));
  EXPECT_TRUE(answer.head.fields.HasToken("vary", "accept-encoding"));
  EXPECT_EQ(answer.head.fields.Count("content-encoding"), 1U);
  EXPECT_EQ(answer.head.fields.Find("cache-control"), "max-age=60");
  auto weak = Answer(Page("text/css", {{"etag", "W/\"abc\""}, {"vary", "Accept-Encoding"}}));
  EXPECT_EQ(weak.head.fields.Find("etag"), "W/\"abc\"");
  EXPECT_EQ(weak.head.fields.Count("vary"), 1U);
}

TEST_F(CompressionTest, ATagThatABrowserSaysIsTheInstancesAgain) {
  const auto restored = [](std::string_view name, std::string_view tags) {
    Fields fields;
    fields.Add(name, tags);
    RestoreEtags(fields);
    return std::string(fields.Find(name).value_or(""));
  };
  const auto answer = Answer(Page("text/css", {{"etag", "\"v,7\""}}));
  const auto seen = answer.head.fields.Find("etag");
  ASSERT_TRUE(seen);
  EXPECT_EQ(restored("if-match", *seen), "\"v,7\"");
  EXPECT_EQ(restored("if-none-match", *seen), "\"v,7\"");
  EXPECT_EQ(restored("if-match", "\"a\", W/\"b~berth\",W/\"c\", \"d~berth\""),
            "\"a\", \"b\",W/\"c\", \"d\"");
  EXPECT_EQ(restored("if-range", "W/\"b~berth\""), "W/\"b~berth\"");  // It names coded bytes.
  for (const auto same : {"*", "", "~berth", "\"a~berth", "W/\"weak at the instance\""}) {
    EXPECT_EQ(restored("if-match", same), same);
  }
}

TEST_F(CompressionTest, OneThatTakesNoCodingLearnsThatOthersGetAnother) {
  auto answer = Answer(Page("text/css", {{"etag", "\"abc\""}}), "");
  EXPECT_TRUE(answer.head.fields.HasToken("vary", "accept-encoding"));
  EXPECT_FALSE(answer.head.fields.Has("content-encoding"));
  EXPECT_EQ(answer.head.fields.Find("etag"), "\"abc\"");
  EXPECT_EQ(answer.body->length(), Text().size());
}

TEST_F(CompressionTest, AHeadRequestGetsTheHeadOfAGet) {
  auto head = Page();
  head.body = nullptr;
  auto answer = Answer(std::move(head), "br", "HEAD");
  EXPECT_EQ(answer.head.fields.Find("content-encoding"), "br");
  EXPECT_FALSE(answer.head.fields.Has("content-length"));
  EXPECT_EQ(answer.body, nullptr);
}

TEST_F(CompressionTest, WhatIsNoTextOrCodedOrPartIsLeftAlone) {
  ExpectUntouched(Page("image/png"), "an image");
  ExpectUntouched(Page("application/octet-stream"), "anything");
  ExpectUntouched(Page("text/event-stream"), "events");
  ExpectUntouched(Page("text/html", {}, Text(1399)), "a small page");
  ExpectUntouched(Page("text/html", {{"content-encoding", "gzip"}}), "coded");
  ExpectUntouched(Page("text/html", {{"cache-control", "max-age=1, No-Transform"}}), "forbidden");
  ExpectUntouched(Page("text/csv", {{"content-disposition", "Attachment; filename=x"}}), "a file");
  for (const std::string_view digest : {"digest", "content-digest", "repr-digest", "content-md5"}) {
    ExpectUntouched(Page("text/html", {{digest, "x"}}), digest);
  }
  ExpectUntouched(Page(), "nothing accepted", "identity");
  ExpectUntouched(Page(), "a range", "gzip", "GET", {{"range", "bytes=0-9"}});
  for (const int status : {101, 201, 204, 206, 304, 404, 500}) {
    auto response = Page();
    response.head.status = status;
    ExpectUntouched(std::move(response), std::to_string(status));
  }
  auto untyped = Page();
  untyped.head.fields.Remove("content-type");
  ExpectUntouched(std::move(untyped), "no type");
  ExpectUntouched(Response{}, "no body");
}

TEST_F(CompressionTest, TypesThatGetSmaller) {
  for (const auto type :
       {"text/plain", "TEXT/HTML;charset=x", "application/json", "application/problem+json",
        "image/svg+xml", "application/wasm", "font/ttf", "application/javascript"}) {
    EXPECT_TRUE(IsCompressible(type)) << type;
  }
  for (const auto type : {"", "image/jpeg", "font/woff2", "video/mp4", "application/zip", "json",
                          "multipart/form-data", "text/event-stream; charset=utf-8"}) {
    EXPECT_FALSE(IsCompressible(type)) << type;
  }
}

TEST_F(CompressionTest, EachPieceOfUnknownLengthLeavesAtOnce) {
  for (const std::string_view coding : {"gzip", "br", "zstd"}) {
    auto response = Page("application/x-ndjson");
    response.head.fields.Remove("content-length");
    response.body = std::make_unique<PieceBody>(std::vector<std::string>{"{\"n\":1}\n", "{}\n"});
    auto answer = Answer(std::move(response), coding);
    auto decoder = ContentDecoder::Create(coding);
    for (const auto expected : {"{\"n\":1}\n", "{}\n"}) {
      auto piece = executor_.Await(answer.body->Read());
      ASSERT_THAT(piece, IsOk());
      std::string_view in = net::AsText(*piece);
      std::string out;
      ASSERT_THAT(decoder->Decode(in, out), IsOk());
      EXPECT_EQ(out, expected) << coding;
    }
  }
}

TEST_F(CompressionTest, WhatNeverChangesIsTheSameHoweverItComesInPieces) {
  const std::string text = Text(300'000);
  for (const std::string_view coding : {"br", "zstd", "gzip"}) {
    std::vector<std::string> results;
    for (const std::size_t size : {300'000, 65'536, 7'001}) {
      Response response =
          Page("text/javascript", {{"cache-control", "public, max-age=31536000, immutable"}});
      response.head.fields.Remove("content-length");
      response.body = std::make_unique<PieceBody>(testing::Cut(text, size));
      response = Answer(std::move(response), coding);
      ASSERT_EQ(response.head.fields.Find("content-encoding"), coding);
      auto all = executor_.Await(ReadAll(response.body.get(), 1 << 24));
      ASSERT_THAT(all, IsOk());
      results.push_back(std::move(*all));
    }
    EXPECT_TRUE(results[0] == results[1] && results[0] == results[2]) << coding;
  }
}

TEST_F(CompressionTest, ABodyThatBreaksOffIsNeverEnded) {
  auto response = Page();
  response.body = std::make_unique<PieceBody>(std::vector<std::string>{"begun"},
                                              Unavailable("the instance went away"));
  auto answer = Answer(std::move(response));
  EXPECT_THAT(executor_.Await(ReadAll(answer.body.get(), 1 << 20)),
              FailsWith(ErrorKind::kUnavailable));
}

TEST_F(CompressionTest, WhatCameBeforeABreakArrives) {
  for (const std::string_view coding : {"br", "zstd", "gzip"}) {
    auto response = Page();
    response.body = std::make_unique<PieceBody>(std::vector<std::string>{"beg", "un"},
                                                Unavailable("the instance went away"));
    response.head.fields.Add("cache-control", "immutable");
    auto answer = Answer(std::move(response), coding);
    std::string coded;
    auto piece = executor_.Await(answer.body->Read());
    for (; piece && !piece->empty(); piece = executor_.Await(answer.body->Read())) {
      coded += net::AsText(*piece);
    }
    EXPECT_THAT(piece, FailsWith(ErrorKind::kUnavailable));
    auto decoder = ContentDecoder::Create(coding);
    std::string_view in = coded;
    std::string out;
    while (!in.empty()) ASSERT_THAT(decoder->Decode(in, out), IsOk());
    EXPECT_EQ(out, "begun") << coding;
  }
}

TEST_F(CompressionTest, BodiesUnderWayAreBounded) {
  limits_.compressions = 2;
  auto first = Answer(Page());
  auto second = Answer(Page());
  EXPECT_EQ(compressor_.under_way(), 2U);
  ExpectUntouched(Page(), "a third");
  first.body = nullptr;
  auto third = Answer(Page());
  EXPECT_TRUE(third.head.fields.Has("content-encoding"));
  EXPECT_EQ(compressor_.under_way(), 2U);
}

}  // namespace
}  // namespace berth::http
