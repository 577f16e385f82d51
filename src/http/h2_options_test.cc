#include "http/h2_options.h"

#include <gtest/gtest.h>

namespace berth::http {
namespace {

TEST(H2OptionsTest, WhatPassesAtTheHubFitsIntoTheTunnelWithOurFieldsAdded) {
  const Limits limits;
  const auto browser = WithDefaults({.carrier = H2Carrier::kBrowser}, limits);
  const auto tunnel = WithDefaults({.carrier = H2Carrier::kTunnel}, limits);
  EXPECT_EQ(browser.head_bytes, limits.h2_header_list);
  EXPECT_EQ(browser.head_fields, limits.request_fields);
  // HTTP/2 counts 32 bytes a field on top of its text (RFC 9113, section 6.5.2).
  EXPECT_GE(tunnel.head_bytes, limits.request_head + 32 * limits.request_fields);
  EXPECT_GE(tunnel.head_fields, limits.request_fields + 10);
}

}  // namespace
}  // namespace berth::http
