#include "memory/pages.h"

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace ltn {

#ifdef __linux__

namespace {

uintptr_t map_at(uintptr_t hint, size_t bytes) {
  void* got = mmap(reinterpret_cast<void*>(hint), bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return got == MAP_FAILED ? 0 : reinterpret_cast<uintptr_t>(got);
}

uintptr_t map_aligned(size_t bytes, uintptr_t above) {
  if (above > bytes) {
    const uintptr_t start = map_at(above - bytes, bytes);
    if (start != 0 && start % kHugePage == 0) return start;
    if (start != 0) unmap_pages(start, bytes);
  }
  const uintptr_t raw = map_at(0, bytes + kHugePage);
  if (raw == 0) return 0;
  const uintptr_t start = round_up(raw, kHugePage);
  const uintptr_t end = raw + bytes + kHugePage;
  if (start > raw) unmap_pages(raw, start - raw);
  if (end > start + bytes) unmap_pages(start + bytes, end - start - bytes);
  return start;
}

}  // namespace

uintptr_t map_pages(size_t bytes, uintptr_t above) {
  if (bytes > SIZE_MAX / 2) return 0;
  const uintptr_t start = map_aligned(bytes, above);
#ifdef MADV_HUGEPAGE
  // Advice: a kernel without huge pages says no, and that is all right
  if (start != 0) madvise(reinterpret_cast<void*>(start), bytes, MADV_HUGEPAGE);
#endif
  return start;
}

bool move_pages(uintptr_t from, uintptr_t to, size_t bytes) {
  return mremap(reinterpret_cast<void*>(from), bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED,
                reinterpret_cast<void*>(to)) != MAP_FAILED;
}

bool unmap_pages(uintptr_t start, size_t bytes) { return munmap(reinterpret_cast<void*>(start), bytes) == 0; }

#else

uintptr_t map_pages(size_t, uintptr_t) { return 0; }

bool move_pages(uintptr_t, uintptr_t, size_t) { return false; }

bool unmap_pages(uintptr_t, size_t) { return false; }

#endif

}  // namespace ltn
