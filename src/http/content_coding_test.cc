#include "http/content_coding.h"

#include <gmock/gmock.h>

namespace berth::http {
namespace {

Coding Choose(std::initializer_list<std::string_view> values) {
  Fields fields;
  for (const auto value : values) fields.Add("accept-encoding", value);
  return ChooseCoding(fields);
}

TEST(ContentCodingTest, TheBestOfWhatIsAcceptedIsChosen) {
  struct Row {
    std::string_view accepted;
    Coding chosen;
  };
  const Row rows[] = {
      // As browsers say it.
      {"gzip, deflate, br, zstd", Coding::kZstd},
      {"gzip, deflate, br", Coding::kBrotli},
      {"gzip, deflate", Coding::kGzip},
      {"GZIP", Coding::kGzip},
      {"x-gzip", Coding::kGzip},
      {"deflate", Coding::kIdentity},
      {"", Coding::kIdentity},
      {"identity", Coding::kIdentity},
      // Weights.
      {"gzip;q=1.0, br;q=0.9", Coding::kGzip},
      {"gzip ; q=0.5 , br;Q=0.75", Coding::kBrotli},
      {"br;q=0.001", Coding::kBrotli},
      {"gzip;q=0, br;q=0.000, zstd;q=0.", Coding::kIdentity},
      {"identity, gzip;q=0.5", Coding::kIdentity},
      {"identity;q=0.5, gzip", Coding::kGzip},
      {"identity;q=0.5, gzip;q=0.5", Coding::kGzip},
      // Wildcards.
      {"*", Coding::kZstd},
      {"*;q=0", Coding::kIdentity},
      {"zstd;q=0, *", Coding::kBrotli},
      {"gzip;q=0.8, *;q=0.1", Coding::kGzip},
      {"gzip, *;q=0", Coding::kGzip},
      // Ruling out identity forces nothing on a peer that takes none of ours.
      {"identity;q=0", Coding::kIdentity},
      {"identity;q=0, gzip;q=0.1", Coding::kGzip},
      // What is malformed says nothing; the last word counts.
      {"gzip;q=2", Coding::kIdentity},
      {"gzip;q=1.001", Coding::kIdentity},
      {"gzip;q=0.1234", Coding::kIdentity},
      {"gzip;q=", Coding::kIdentity},
      {"gzip;q=-1", Coding::kIdentity},
      {"gzip;q=.5", Coding::kIdentity},
      {"gzip;level=3", Coding::kIdentity},
      {"gzip;", Coding::kIdentity},
      {"gzipped, brr, zstd2", Coding::kIdentity},
      {",, ,gzip,", Coding::kGzip},
      {"gzip;q=0;q=1", Coding::kIdentity},
      {"gzip, gzip;q=0", Coding::kIdentity},
  };
  for (const auto& [accepted, chosen] : rows) EXPECT_EQ(Choose({accepted}), chosen) << accepted;
}

TEST(ContentCodingTest, SeveralFieldsAreOneList) {
  EXPECT_EQ(Choose({}), Coding::kIdentity);
  EXPECT_EQ(Choose({"gzip", "br"}), Coding::kBrotli);
  EXPECT_EQ(Choose({"br;q=0", "*"}), Coding::kZstd);
}

TEST(ContentCodingTest, CodingsHaveTheirNames) {
  EXPECT_EQ(NameOf(Coding::kZstd), "zstd");
  EXPECT_EQ(NameOf(Coding::kBrotli), "br");
  EXPECT_EQ(NameOf(Coding::kGzip), "gzip");
  EXPECT_EQ(NameOf(Coding::kIdentity), "identity");
  for (const auto coding : {Coding::kZstd, Coding::kBrotli, Coding::kGzip, Coding::kIdentity}) {
    EXPECT_EQ(CodingNamed(NameOf(coding)), coding);
  }
  for (const auto name : {"", "GZIP", "gzip, br", "deflate"}) {
    EXPECT_EQ(CodingNamed(name), Coding::kIdentity);
  }
}

}  // namespace
}  // namespace berth::http
