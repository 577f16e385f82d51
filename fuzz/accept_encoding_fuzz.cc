// Accept-Encoding of any browser: what is chosen was asked for. The first line end parts two
// fields.
#include "base/text.h"
#include "http/content_coding.h"
#include "rewriter_properties.h"

using berth::http::Coding;
using berth::rewrite::fuzz::Require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t cut = std::min(text.find('\n'), text.size());
  berth::http::Fields fields;
  fields.Add("accept-encoding", text.substr(0, cut));
  if (cut < text.size()) fields.Add("accept-encoding", text.substr(cut + 1));
  const Coding coding = berth::http::ChooseCoding(fields);
  if (coding == Coding::kIdentity) return 0;
  const std::string lower = berth::ToLower(text);
  Require(lower.find('*') != std::string::npos ||
              lower.find(berth::http::NameOf(coding)) != std::string::npos,
          "nobody gets a coding that they did not name");
  fields.Add("accept-encoding", "zstd;q=0, br;q=0, gzip;q=0, x-gzip;q=0");
  Require(berth::http::ChooseCoding(fields) == Coding::kIdentity, "q=0 rules out");
  return 0;
}
