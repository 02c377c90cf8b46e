// Memory by whole pages, from the system and back. Where a system has no `mmap`, `map_pages` gives null and callers do
// without.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ltn {

inline constexpr size_t kPage = 4096;          // what sizes are rounded to; no system of ours has smaller ones
inline constexpr size_t kHugePage = 2u << 20;  // what mappings are aligned to, so that huge pages fit

inline uintptr_t round_up(uintptr_t value, size_t step) { return (value + step - 1) / step * step; }
inline uintptr_t round_down(uintptr_t value, size_t step) { return value / step * step; }

// `bytes` (a multiple of kHugePage) of fresh memory, aligned for huge pages and advised to be made of them; right
// below `above` if that is free, so that neighbours can become one block later. 0 where there is no memory.
uintptr_t map_pages(size_t bytes, uintptr_t above);

// Moves the pages of `from` (within one mapping) over those of `to`, which begin a fresh mapping: no page fault,
// nothing copied. Both are multiples of kHugePage. False where the system refuses; then nothing is known of `to`.
bool move_pages(uintptr_t from, uintptr_t to, size_t bytes);

// Gives part or all of one or several mappings back. False where the system refuses (too many mappings).
bool unmap_pages(uintptr_t start, size_t bytes);

}  // namespace ltn
