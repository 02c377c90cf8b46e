#include "memory/allocator.h"

#include <c10/core/CPUAllocator.h>
#include <c10/core/impl/alloc_cpu.h>

#include <cstdint>
#include <cstring>
#include <mutex>

#include "memory/large_blocks.h"

namespace ltn {

namespace {

// Before each block, 64 bytes, so that blocks stay aligned as libtorch aligns them.
constexpr size_t kHeader = 64;
struct Header {
  uint64_t cls;
  size_t bytes;  // of a large block, the header included
};

constexpr int kClasses = 6;  // 64 B, 128 B, ... 2 KiB
// What is none of these:
constexpr uint64_t kMalloc = kClasses;      // from libtorch's own allocator
constexpr uint64_t kLarge = kClasses + 1;   // from the pool of large blocks
constexpr uint64_t kUnkept = kClasses + 2;  // large, from libtorch's own
constexpr size_t kKeptBytes = 8u << 20;     // of each class and thread; what another thread made is freed here too

size_t class_bytes(uint64_t cls) { return size_t{64} << cls; }

uint64_t class_of(size_t bytes) {
  if (bytes <= 64) return 0;
  const int bits = 64 - __builtin_clzll(bytes - 1);  // bytes <= 1 << bits
  return bits - 6 < kClasses ? static_cast<uint64_t>(bits - 6) : kMalloc;
}

struct FreeList {
  void* head;
  size_t count;
};

// Trivially destructible: blocks may be freed on this thread after its thread-locals were destroyed.
thread_local FreeList free_lists[kClasses];
thread_local bool thread_is_ending = false;

void* raw_of(void* block) { return static_cast<char*>(block) - kHeader; }

struct ThreadEnd {
  ~ThreadEnd() {
    thread_is_ending = true;
    for (FreeList& list : free_lists) {
      while (list.head != nullptr) {
        void* block = list.head;
        std::memcpy(&list.head, block, sizeof(void*));
        c10::free_cpu(raw_of(block));
      }
      list.count = 0;
    }
  }
};

[[gnu::noinline]] void release_large_block(void* block, const Header& header) {
  if (header.cls == kLarge) {
    give_large({raw_of(block), header.bytes});
  } else {
    uncount_other(header.bytes);
    c10::free_cpu(raw_of(block));
  }
}

void release(void* block) {
  if (block == nullptr) return;
  Header header;
  std::memcpy(&header, raw_of(block), sizeof(header));
  if (header.cls < kMalloc && !thread_is_ending) {
    FreeList& list = free_lists[header.cls];
    if (list.count * class_bytes(header.cls) < kKeptBytes) {
      thread_local ThreadEnd flush_at_thread_end;
      (void)flush_at_thread_end;
      std::memcpy(block, &list.head, sizeof(void*));
      list.head = block;
      ++list.count;
      return;
    }
  }
  if (header.cls > kMalloc) return release_large_block(block, header);
  c10::free_cpu(raw_of(block));
}

// Throws libtorch's own error where there is no memory.
[[gnu::noinline]] void* take_large_block(size_t bytes) {
  if (bytes > SIZE_MAX - kHeader) bytes = SIZE_MAX - kHeader;  // fails, and says so
  const size_t wanted = kHeader + bytes;
  const LargeBlock kept = take_large(wanted);
  void* raw = kept.start;
  Header header{kLarge, kept.bytes};
  if (raw == nullptr) {
    raw = c10::alloc_cpu(wanted);
    header = {kUnkept, wanted};
    count_other(wanted);
  }
  std::memcpy(raw, &header, sizeof(header));
  return static_cast<char*>(raw) + kHeader;
}

class CpuAllocator final : public c10::Allocator {
 public:
  c10::DataPtr allocate(size_t bytes) override {
    const c10::Device cpu(c10::DeviceType::CPU);
    if (bytes == 0) return {nullptr, nullptr, &release, cpu};
    const uint64_t cls = class_of(bytes);
    void* block;
    if (cls < kMalloc && free_lists[cls].head != nullptr) {
      FreeList& list = free_lists[cls];
      block = list.head;
      std::memcpy(&list.head, block, sizeof(void*));
      --list.count;
    } else if (bytes >= kLargeFrom) {
      block = take_large_block(bytes);
    } else {
      void* raw = c10::alloc_cpu(kHeader + (cls < kMalloc ? class_bytes(cls) : bytes));
      std::memcpy(raw, &cls, sizeof(cls));
      block = static_cast<char*>(raw) + kHeader;
    }
    return {block, block, &release, cpu};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &release; }
  void copy_data(void* to, const void* from, size_t bytes) const override { default_copy_data(to, from, bytes); }
};

}  // namespace

void install_allocator() {
  static std::once_flag once;
  std::call_once(once, [] { c10::SetCPUAllocator(new CpuAllocator, /*priority=*/1); });
}

}  // namespace ltn
