#include "memory/extents.h"

#include <algorithm>

#include "memory/pages.h"

namespace ltn {

namespace {

// The whole huge pages inside a range: the rest of the first and of the last one may hold blocks that are in use.
Range huge_pages_of(uintptr_t start, size_t bytes) {
  const uintptr_t first = round_up(start, kHugePage);
  const uintptr_t last = round_down(start + bytes, kHugePage);
  return {first, last > first ? last - first : 0};
}

}  // namespace

void Extents::add(Range range, uint64_t age) {
  by_address_.emplace(range.start, Free{range.bytes, age});
  by_size_.emplace(range.bytes, range.start);
  if (huge_pages_of(range.start, range.bytes).bytes > 0) by_age_.emplace(age, range.start);
  bytes_ += range.bytes;
}

void Extents::remove(ByAddress::iterator at) {
  const auto [start, free] = *at;
  by_size_.erase({free.bytes, start});
  by_age_.erase({free.age, start});
  bytes_ -= free.bytes;
  by_address_.erase(at);
}

uintptr_t Extents::take(size_t bytes) {
  const auto found = by_size_.lower_bound({bytes, 0});
  if (found == by_size_.end()) return 0;
  const auto at = by_address_.find(found->second);
  const auto [start, free] = *at;
  remove(at);
  if (free.bytes > bytes) add({start + bytes, free.bytes - bytes}, free.age);
  return start;
}

void Extents::put(Range range, uint64_t age) {
  const auto after = by_address_.lower_bound(range.start);
  if (after != by_address_.begin()) {
    const auto before = std::prev(after);
    if (before->first + before->second.bytes == range.start) {
      range = {before->first, before->second.bytes + range.bytes};
      remove(before);
    }
  }
  if (after != by_address_.end() && range.start + range.bytes == after->first) {
    range.bytes += after->second.bytes;
    remove(after);
  }
  add(range, age);
}

size_t Extents::cut(size_t wanted, std::vector<Range>& out) {
  size_t done = 0;
  while (done < wanted && !by_age_.empty()) {
    const auto at = by_address_.find(by_age_.begin()->second);
    const auto [start, free] = *at;
    Range pages = huge_pages_of(start, free.bytes);
    // From its end: what is left is one range where it began at a huge page, and the next block starts there
    const size_t enough = round_up(std::min(wanted - done, pages.bytes), kHugePage);
    pages = {pages.start + pages.bytes - enough, enough};
    remove(at);
    if (pages.start > start) add({start, pages.start - start}, free.age);
    const uintptr_t end = pages.start + pages.bytes;
    if (start + free.bytes > end) add({end, start + free.bytes - end}, free.age);
    out.push_back(pages);
    done += pages.bytes;
  }
  return done;
}

}  // namespace ltn
