// The rules of heads by themselves, also those that nghttp2 keeps before.
#include "http/h2_head.h"

#include <gtest/gtest.h>

#include "base/result_testing.h"

namespace berth::http {
namespace {

using berth::testing::FailsWith;
using berth::testing::IsOk;
using FieldList = std::vector<std::pair<std::string, std::string>>;

constexpr std::uint64_t kBytes = 1'000;
constexpr std::uint64_t kFields = 8;
const Limits kLimits;

H2HeadReader Read(const FieldList& fields) {
  H2HeadReader reader(kLimits, {.head_bytes = kBytes, .head_fields = kFields});
  for (const auto& [name, value] : fields) reader.Add(name, value);
  return reader;
}

H2HeadReader::RequestOrStatus ReadRequest(const FieldList& more) {
  FieldList fields = {
      {":method", "GET"}, {":scheme", "https"}, {":authority", "a"}, {":path", "/"}};
  fields.insert(fields.end(), more.begin(), more.end());
  return Read(fields).TakeRequest();
}

TEST(H2HeadTest, BoundsTheBytesOfAHead) {
  EXPECT_EQ(ReadRequest({{"x", std::string(kBytes / 2, 'v')}}).refusal, 0);
  EXPECT_EQ(ReadRequest({{"x", std::string(kBytes, 'v')}}).refusal, 431);
  EXPECT_THAT(Read({{":status", "200"}, {"x", std::string(kBytes / 2, 'v')}}).TakeResponse(),
              IsOk());
  EXPECT_THAT(Read({{":status", "200"}, {"x", std::string(kBytes, 'v')}}).TakeResponse(),
              FailsWith(ErrorKind::kInvalid));
}

TEST(H2HeadTest, BoundsTheFieldsOfAHead) {
  EXPECT_EQ(ReadRequest(FieldList(kFields, {"x", "y"})).refusal, 0);
  EXPECT_EQ(ReadRequest(FieldList(kFields + 1, {"x", "y"})).refusal, 431);
  // What is beyond is not even kept.
  EXPECT_LE(ReadRequest(FieldList(kFields + 10, {"x", "y"})).head.fields.size(), kFields + 1);
}

TEST(H2HeadTest, RefusesWhatIsAmbiguous) {
  EXPECT_EQ(ReadRequest({{"host", "a"}}).refusal, 0);
  EXPECT_EQ(ReadRequest({{"host", "a"}, {"host", "a"}}).refusal, 400);
  EXPECT_EQ(ReadRequest({{":protocol", "websocket"}}).refusal, 400);  // By GET.
}

TEST(H2HeadTest, WhatIsOfTheConnectionStaysThere) {
  EXPECT_EQ(ReadRequest({{"te", "trailers"}}).head.fields.size(), 0u);
}

TEST(H2HeadTest, SecretsStayOutOfTheCompressionTables) {
  RequestHead head;
  for (const char* name : {"cookie", "authorization", "proxy-authorization", "set-cookie"}) {
    head.fields.Add(name, "secret");
  }
  head.fields.Add("accept", "secret");
  const H2HeadWriter writer(head);
  int secrets = 0;
  for (const nghttp2_nv& field : std::span(writer.data(), writer.size())) {
    const std::string_view name(reinterpret_cast<const char*>(field.name), field.namelen);
    const std::string_view value(reinterpret_cast<const char*>(field.value), field.valuelen);
    if (value != "secret") continue;
    ++secrets;
    EXPECT_EQ((field.flags & NGHTTP2_NV_FLAG_NO_INDEX) != 0, name != "accept") << name;
  }
  EXPECT_EQ(secrets, 5);
}

TEST(H2HeadTest, WhatAPeerWouldRefuseIsLeftOut) {
  RequestHead head;
  head.fields.Add("x-good", "a b");
  head.fields.Add("x-line", "a\nb");
  head.fields.Add("x bad", "a");
  head.fields.Add("x-space", "a ");
  const H2HeadWriter writer(head);
  EXPECT_EQ(writer.size(), 5u);  // Four pseudo fields, and the good one.
}

}  // namespace
}  // namespace berth::http
