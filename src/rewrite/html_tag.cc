#include "rewrite/html_tag.h"

#include "http/fields.h"

namespace berth::rewrite {

const HtmlTag::Attribute* HtmlTag::Find(std::string_view wanted) const {
  for (const Attribute& attribute : attributes) {
    if (http::EqualsIgnoreCase(NameOf(attribute), wanted)) return &attribute;
  }
  return nullptr;
}

std::string_view HtmlTag::ValueOf(std::string_view wanted) const {
  const Attribute* const found = Find(wanted);
  return found == nullptr ? std::string_view() : ValueOf(*found);
}

}  // namespace berth::rewrite
