// Large blocks of CPU memory, kept when they are freed and used again by whichever thread asks next: the page faults of
// fresh ones are most of the time of a training on the CPU. One pool for the process; every function may be called on
// any thread at any time.
//
// What is kept is bounded: blocks in use and kept ones together are at most the peak of those in use, and some more for
// rounding. The peak is that of the last minute, so that a program that has grown small again becomes small. Some
// seconds after the last use everything goes back to the system, by a thread of its own that sleeps where nothing is
// kept: an event loop may be blocked or gone.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ltn {

inline constexpr size_t kLargeFrom = 64u << 10;

struct LargeBlock {
  void* start;  // null where blocks are not kept, or where the system has no memory
  size_t bytes;
};

// At least `bytes`, aligned to a page, not zeroed.
LargeBlock take_large(size_t bytes);
void give_large(LargeBlock block);

// A large block that came from elsewhere counts in the statistics, too.
void count_other(size_t bytes);
void uncount_other(size_t bytes);

struct LargeStats {
  uint64_t allocated = 0;  // bytes in use
  uint64_t max_allocated = 0;
  uint64_t reserved = 0;  // with those that are kept
  uint64_t max_reserved = 0;
  uint64_t hits = 0;  // blocks that were kept ones
  uint64_t misses = 0;
};

LargeStats large_stats();
void reset_large_peaks();

// Gives every kept block back to the system.
void release_large();

}  // namespace ltn
