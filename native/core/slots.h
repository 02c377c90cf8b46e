// Values that JavaScript names by a small integer. A slot is reused with another generation, so an integer that
// outlived its value is noticed instead of naming a stranger.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "core/errors.h"

namespace ltn {

// Index (22 bits) and the low bits of the generation (9), in one positive int32: V8 keeps it in the object itself.
using SlotId = int32_t;

template <typename T>
class SlotTable {
 public:
  struct Slot {
    T value{};
    uint32_t generation = 0;
    uint32_t next_free = 0;
    int64_t bytes = 0;
    bool used = false;
  };

  explicit SlotTable(const char* noun) : noun_(noun) { slots_.emplace_back(); }

  SlotId insert(T&& value, int64_t bytes = 0) {
    uint32_t index = free_;
    if (index == 0) {
      index = static_cast<uint32_t>(slots_.size());
      if (index > kIndexMask) fail(code::kOutOfMemory, "more than ", kIndexMask, " live ", noun_, "s");
      slots_.emplace_back();
    } else {
      free_ = slots_[index].next_free;
    }
    Slot& slot = slots_[index];
    slot.value = std::move(value);
    slot.bytes = bytes;
    slot.used = true;
    ++live_;
    return static_cast<SlotId>(index | ((slot.generation & kGenerationMask) << kIndexBits));
  }

  // The slot that an id names, or null where it names none any more.
  Slot* find(SlotId id) {
    if (id < 0) return nullptr;
    const uint32_t index = static_cast<uint32_t>(id) & kIndexMask;
    if (index == 0 || index >= slots_.size()) return nullptr;
    Slot& slot = slots_[index];
    if (!slot.used || (slot.generation & kGenerationMask) != static_cast<uint32_t>(id) >> kIndexBits) return nullptr;
    return &slot;
  }

  T& at(SlotId id) {
    Slot* slot = find(id);
    if (slot == nullptr) [[unlikely]]
      fail(code::kDisposed, "the ", noun_, " is disposed");
    return slot->value;
  }

  uint32_t index_of(SlotId id) const { return static_cast<uint32_t>(id) & kIndexMask; }
  uint32_t generation_at(uint32_t index) const { return slots_[index].generation; }
  Slot& slot_at(uint32_t index) { return slots_[index]; }
  size_t size() const { return slots_.size(); }

  // Takes the value out and frees the slot; the value dies with the caller's temporary, when the table is consistent
  // again (its destructor may run code that comes back here).
  T release(uint32_t index) {
    Slot& slot = slots_[index];
    T value = std::move(slot.value);
    slot.value = T{};
    slot.used = false;
    slot.bytes = 0;
    ++slot.generation;
    slot.next_free = free_;
    free_ = index;
    --live_;
    return value;
  }

  size_t live() const { return live_; }

  template <typename Visit>
  void clear(Visit&& visit) {
    for (uint32_t index = 1; index < slots_.size(); ++index) {
      if (slots_[index].used) visit(release(index));
    }
  }

 private:
  static constexpr uint32_t kIndexBits = 22;
  static constexpr uint32_t kIndexMask = (1u << kIndexBits) - 1;
  static constexpr uint32_t kGenerationMask = (1u << (31 - kIndexBits)) - 1;

  const char* noun_;
  std::vector<Slot> slots_;
  uint32_t free_ = 0;
  size_t live_ = 0;
};

}  // namespace ltn
