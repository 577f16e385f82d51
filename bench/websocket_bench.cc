// The WebSocket codec: masking alone, and decoding masked binary frames as the hub receives them.
#include <benchmark/benchmark.h>

#include "http/websocket_codec.h"

namespace berth::http {
namespace {

constexpr MaskKey kKey = {std::byte{0x12}, std::byte{0x34}, std::byte{0x56}, std::byte{0x78}};

MutableBytes AsMutable(std::string& text) {
  return std::as_writable_bytes(std::span(text.data(), text.size()));
}

void Masks(benchmark::State& state) {
  std::string data(static_cast<std::size_t>(state.range(0)), 'x');
  for (auto _ : state) {
    ApplyMask(AsMutable(data), kKey, 1);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(Masks)->Arg(64)->Arg(1024)->Arg(64 * 1024);

void DecodesMaskedFrames(benchmark::State& state) {
  std::string frame;
  AppendFrame(frame, WebSocketOpcode::kBinary,
              std::string(static_cast<std::size_t>(state.range(0)), 'x'), kKey);
  WebSocketDecoder decoder(WebSocketRole::kAcceptor, {});
  for (auto _ : state) {
    // Decoding unmasks in place; that the next pass masks it again changes nothing of the work.
    MutableBytes input = AsMutable(frame);
    auto event = decoder.Next(input);
    if (!event || !*event) state.SkipWithError("no event");
    benchmark::DoNotOptimize(event);
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(DecodesMaskedFrames)->Arg(64)->Arg(1024)->Arg(64 * 1024);

}  // namespace
}  // namespace berth::http
