#include "hub/stored_metadata.h"

#include <utility>
#include <variant>

namespace berth::hub {

std::string MetadataToText(const control::Metadata& metadata) {
  control::Register holder;
  holder.client_id = "stored";
  holder.metadata = metadata;
  return control::Serialise(holder);
}

control::Metadata MetadataFromText(std::string_view text) {
  auto message = control::Parse(text, control::Sender::kAgent);
  if (!message) return {};
  auto* holder = std::get_if<control::Register>(&*message);
  return holder == nullptr ? control::Metadata() : std::move(holder->metadata);
}

}  // namespace berth::hub
