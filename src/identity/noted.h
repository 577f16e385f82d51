// Noted: keeps a value in a set for as long as it lives, however its coroutine ends.
#pragma once

#include <set>
#include <utility>

namespace berth::identity {

template <class T>
class Noted {
 public:
  /// `values` must outlive this object.
  Noted(std::multiset<T>& values, T value)
      : values_(values), place_(values.insert(std::move(value))) {}
  ~Noted() { values_.erase(place_); }
  Noted(const Noted&) = delete;
  Noted& operator=(const Noted&) = delete;

 private:
  std::multiset<T>& values_;
  const std::multiset<T>::iterator place_;
};

}  // namespace berth::identity
