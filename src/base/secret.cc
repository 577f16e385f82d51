#include "base/secret.h"

#include <openssl/crypto.h>

namespace berth {

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    Wipe();
    text_ = std::move(other.text_);
    other.text_.clear();
  }
  return *this;
}

void Secret::Wipe() noexcept {
  if (!text_.empty()) OPENSSL_cleanse(text_.data(), text_.size());
}

}  // namespace berth
