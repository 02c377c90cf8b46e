#include "memory/large_blocks.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <set>
#include <system_error>
#include <thread>
#include <vector>

#ifdef __linux__
#include <pthread.h>
#include <signal.h>
#endif

#include "memory/extents.h"
#include "memory/pages.h"

namespace ltn {

namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr size_t kSlack = 64u << 20;  // above the peak, for what rounding and the rests of mappings take
constexpr Seconds kWindow{30};        // the peak that bounds is that of this window and of the one before
constexpr size_t kSeams = 8192;       // the system allows some 65,000 mappings in all

// Smaller blocks have ranges of their own: one of them in the middle of a freed gigabyte would cut it in two.
struct Kind {
  size_t below;
  size_t mapping;  // the least that is mapped at once
  Extents free;
};

// LIBTORCH_NODE_KEEP_MEMORY: seconds that unused memory is kept; 0 keeps none.
Seconds seconds_kept() {
#ifndef __linux__
  return Seconds(0);
#endif
  constexpr double kDefault = 5;
  const char* text = std::getenv("LIBTORCH_NODE_KEEP_MEMORY");
  if (text == nullptr || *text == '\0') return Seconds(kDefault);
  char* end;
  const double seconds = std::strtod(text, &end);
  if (*end != '\0' || !(seconds >= 0)) return Seconds(kDefault);
  return Seconds(std::min(seconds, 1e6));
}

class LargeBlocks {
 public:
  LargeBlock take(size_t wanted);
  void give(LargeBlock block);
  void count(size_t bytes);
  void uncount(size_t bytes);
  LargeStats stats();
  void reset_peaks();
  void release();

 private:
  Kind& kind_of(size_t bytes) { return bytes < kinds_[0].below ? kinds_[0] : kinds_[1]; }
  size_t kept() const { return kinds_[0].free.bytes() + kinds_[1].free.bytes(); }
  size_t bound() const { return std::max(peak_, peak_before_); }
  bool fill(uintptr_t start, size_t bytes);
  void used(size_t bytes);
  void reserved(size_t bytes);
  std::vector<Range> cut(size_t wanted);
  std::vector<Range> at_seams(const std::vector<Range>& ranges);
  void forget_seams(const std::vector<Range>& ranges);
  void unmap(const std::vector<Range>& ranges);
  void watch();
  void trim();

  const Seconds keep_for_ = seconds_kept();
  std::mutex mutex_;
  std::condition_variable wake_;
  Kind kinds_[2] = {{1u << 20, 8u << 20, {}}, {SIZE_MAX, 32u << 20, {}}};
  std::set<uintptr_t> seams_;     // where what lies side by side may be two mappings
  uintptr_t lowest_[2] = {0, 0};  // of each kind's mappings
  LargeStats stats_;
  size_t others_ = 0;       // of the allocated bytes those that came from elsewhere
  size_t peak_ = 0;         // of the bytes in use in this window
  size_t peak_before_ = 0;  // and in the one before
  uint64_t age_ = 0;
  Clock::time_point last_use_ = Clock::now();
  bool watched_ = false;
  bool watcher_sleeps_ = false;
};

void LargeBlocks::used(size_t bytes) {
  stats_.allocated += bytes;
  stats_.max_allocated = std::max(stats_.max_allocated, stats_.allocated);
  peak_ = std::max(peak_, static_cast<size_t>(stats_.allocated) - others_);
}

void LargeBlocks::reserved(size_t bytes) {
  stats_.reserved += bytes;
  stats_.max_reserved = std::max(stats_.max_reserved, stats_.reserved);
}

// Takes ranges out of what is kept, the longest free first; the caller unmaps them without the lock.
std::vector<Range> LargeBlocks::cut(size_t wanted) {
  std::vector<Range> out;
  size_t done = 0;
  while (done < wanted) {
    Kind& kind = kinds_[0].free.oldest() < kinds_[1].free.oldest() ? kinds_[0] : kinds_[1];
    const size_t before = out.size();
    done += kind.free.cut(std::min(wanted - done, size_t{256} << 20), out);
    if (out.size() == before) break;
  }
  stats_.reserved -= done;
  return out;
}

std::vector<Range> LargeBlocks::at_seams(const std::vector<Range>& ranges) {
  std::vector<Range> out;
  for (Range range : ranges) {
    const uintptr_t end = range.start + range.bytes;
    for (auto seam = seams_.upper_bound(range.start); seam != seams_.end() && *seam < end; ++seam) {
      out.push_back({range.start, *seam - range.start});
      range = {*seam, end - *seam};
    }
    out.push_back(range);
  }
  return out;
}

void LargeBlocks::forget_seams(const std::vector<Range>& ranges) {
  for (const Range& range : ranges) {
    seams_.erase(seams_.lower_bound(range.start), seams_.upper_bound(range.start + range.bytes));
  }
}

void LargeBlocks::unmap(const std::vector<Range>& ranges) {
  for (const Range& range : ranges) {
    if (unmap_pages(range.start, range.bytes)) continue;
    std::lock_guard<std::mutex> lock(mutex_);
    reserved(range.bytes);
    seams_.insert({range.start, range.start + range.bytes});
    kinds_[1].free.put(range, ++age_);
  }
}

LargeBlock LargeBlocks::take(size_t wanted) {
  if (keep_for_.count() == 0 || wanted > SIZE_MAX / 4) return {nullptr, 0};
  const size_t bytes = round_up(wanted, kPage);
  Kind& kind = kind_of(bytes);
  const size_t mapping = round_up(std::max(bytes, kind.mapping), kHugePage);
  uintptr_t above;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    last_use_ = Clock::now();
    const uintptr_t start = kind.free.take(bytes);
    if (start != 0) {
      ++stats_.hits;
      used(bytes);
      return {reinterpret_cast<void*>(start), bytes};
    }
    above = lowest_[&kind - kinds_];
  }
  uintptr_t start = map_pages(mapping, above);
  if (start == 0) {
    release();
    start = map_pages(mapping, 0);
  }
  if (start == 0) return {nullptr, 0};
  if (!fill(start, mapping)) return {nullptr, 0};
  std::lock_guard<std::mutex> lock(mutex_);
  lowest_[&kind - kinds_] = start;
  used(bytes);
  reserved(mapping);
  if (mapping > bytes) kind.free.put({start + bytes, mapping - bytes}, ++age_);
  return {reinterpret_cast<void*>(start), bytes};
}

// Gives a fresh mapping the pages of kept blocks, which were too small by themselves or lay apart: moving them costs a
// thousandth of their page faults. Then gives back what is kept beyond the bound.
bool LargeBlocks::fill(uintptr_t start, size_t bytes) {
  std::vector<Range> pieces, surplus;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (seams_.size() < kSeams) {
      const std::vector<Range> taken = cut(bytes);
      pieces = at_seams(taken);
      forget_seams(taken);
    }
    seams_.insert({start, start + bytes});
    uintptr_t at = start;
    for (const Range& piece : pieces) seams_.insert(at += piece.bytes);
    ++(at == start + bytes ? stats_.hits : stats_.misses);
    const size_t in_use = stats_.allocated - others_ + bytes;
    const size_t limit = std::max(bound(), in_use) + kSlack;
    const size_t total = in_use + kept();
    if (total > limit) {
      surplus = cut(total - limit);
      forget_seams(surplus);
    }
  }
  uintptr_t to = start;
  bool moved = true;
  for (const Range& piece : pieces) {
    if (!moved) {
      surplus.push_back(piece);
    } else if (!move_pages(piece.start, to, piece.bytes)) {
      // The system may have unmapped the place already, and another thread may be there: leave that one alone
      moved = false;
      surplus.push_back(piece);
      const uintptr_t after = to + piece.bytes;
      if (to > start) surplus.push_back({start, to - start});
      if (after < start + bytes) surplus.push_back({after, start + bytes - after});
    }
    to += piece.bytes;
  }
  unmap(surplus);
  return moved;
}

void LargeBlocks::give(LargeBlock block) {
  std::lock_guard<std::mutex> lock(mutex_);
  last_use_ = Clock::now();
  stats_.allocated -= block.bytes;
  kind_of(block.bytes).free.put({reinterpret_cast<uintptr_t>(block.start), block.bytes}, ++age_);
  if (!watched_) {
    watched_ = true;
    watch();
  } else if (watcher_sleeps_) {
    wake_.notify_one();
  }
}

void LargeBlocks::count(size_t bytes) {
  std::lock_guard<std::mutex> lock(mutex_);
  others_ += bytes;
  used(bytes);
  reserved(bytes);
  ++stats_.misses;
}

void LargeBlocks::uncount(size_t bytes) {
  std::lock_guard<std::mutex> lock(mutex_);
  others_ -= bytes;
  stats_.allocated -= bytes;
  stats_.reserved -= bytes;
}

LargeStats LargeBlocks::stats() {
  std::lock_guard<std::mutex> lock(mutex_);
  return stats_;
}

void LargeBlocks::reset_peaks() {
  std::lock_guard<std::mutex> lock(mutex_);
  stats_.max_allocated = stats_.allocated;
  stats_.max_reserved = stats_.reserved;
}

void LargeBlocks::release() {
  std::vector<Range> all;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    all = cut(SIZE_MAX);
    forget_seams(all);
    peak_ = stats_.allocated - others_;
    peak_before_ = 0;
  }
  unmap(all);
}

// Starts the thread that trims. It takes no signal: those are for the threads of Node.
void LargeBlocks::watch() {
#ifdef __linux__
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    std::thread([this] { trim(); }).detach();
  } catch (const std::system_error&) {
    // no thread to be had: memory then stays until it is asked for
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
#endif
}

void LargeBlocks::trim() {
  const auto keep_for = std::chrono::duration_cast<Clock::duration>(keep_for_);
  const auto window = std::chrono::duration_cast<Clock::duration>(kWindow);
  std::unique_lock<std::mutex> lock(mutex_);
  Clock::time_point window_end = Clock::now() + window;
  for (;;) {
    const auto has_pages = [this] { return std::min(kinds_[0].free.oldest(), kinds_[1].free.oldest()) != UINT64_MAX; };
    watcher_sleeps_ = true;
    wake_.wait(lock, has_pages);
    watcher_sleeps_ = false;
    const Clock::time_point next = std::min(last_use_ + keep_for, window_end);
    wake_.wait_until(lock, next, [] { return false; });
    const Clock::time_point now = Clock::now();
    if (now >= last_use_ + keep_for) {
      lock.unlock();
      release();
      lock.lock();
      last_use_ = now;  // what could not go back is tried again after as long a time
    } else if (now >= window_end) {
      window_end = now + window;
      peak_before_ = peak_;
      peak_ = stats_.allocated - others_;
      const size_t total = peak_ + kept();
      const size_t limit = bound() + kSlack;
      if (total <= limit) continue;
      const std::vector<Range> surplus = cut(total - limit);
      forget_seams(surplus);
      lock.unlock();
      unmap(surplus);
      lock.lock();
    }
  }
}

// Never destroyed: blocks are freed, and the thread waits, until the process ends.
LargeBlocks& blocks() {
  static auto* const all = new LargeBlocks;
  return *all;
}

}  // namespace

LargeBlock take_large(size_t bytes) { return blocks().take(bytes); }
void give_large(LargeBlock block) { blocks().give(block); }
void count_other(size_t bytes) { blocks().count(bytes); }
void uncount_other(size_t bytes) { blocks().uncount(bytes); }
LargeStats large_stats() { return blocks().stats(); }
void reset_large_peaks() { blocks().reset_peaks(); }
void release_large() { blocks().release(); }

}  // namespace ltn
