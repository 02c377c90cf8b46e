// Free ranges of addresses: the smallest that is large enough is given out, neighbours become one, and those that have
// been free longest go first when memory has to go back to the system. Not thread-safe; its owner has the lock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

namespace ltn {

struct Range {
  uintptr_t start;
  size_t bytes;
};

class Extents {
 public:
  size_t bytes() const { return bytes_; }

  // Takes `bytes` out of the smallest range that has as many; 0 where none has.
  uintptr_t take(size_t bytes);

  // Frees a range at the time `age`, which grows with each call.
  void put(Range range, uint64_t age);

  // Cuts out whole huge pages until `wanted` bytes are out or no whole huge page is left, those free longest first.
  // Gives the number of bytes and adds the ranges to `out`.
  size_t cut(size_t wanted, std::vector<Range>& out);

  // The age of the range that `cut` begins with; UINT64_MAX where there is none.
  uint64_t oldest() const { return by_age_.empty() ? UINT64_MAX : by_age_.begin()->first; }

 private:
  struct Free {
    size_t bytes;
    uint64_t age;
  };
  using ByAddress = std::map<uintptr_t, Free>;

  void add(Range range, uint64_t age);
  void remove(ByAddress::iterator at);

  ByAddress by_address_;
  std::set<std::pair<size_t, uintptr_t>> by_size_;
  std::set<std::pair<uint64_t, uintptr_t>> by_age_;  // only those with a whole huge page inside: the others cannot go
  size_t bytes_ = 0;
};

}  // namespace ltn
