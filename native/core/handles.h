// The rarer handles: modules, optimizers, whatever JavaScript names by an id for as long as one of its objects lives.
// The same discipline as tensors: a basic finalizer only queues the slot, which is released at a later entry.
#pragma once

#include <memory>
#include <vector>

#include "core/environment.h"
#include "core/slots.h"

namespace ltn {

template <typename T>
class HandleTable {
 public:
  explicit HandleTable(const char* noun) : slots_(noun) {}
  ~HandleTable() { queue_->open = false; }
  HandleTable(const HandleTable&) = delete;
  HandleTable& operator=(const HandleTable&) = delete;

  // Keeps `value` until some time after `owner` is collected.
  SlotId put(Environment& env, napi_value owner, T&& value) {
    const SlotId id = slots_.insert(std::move(value));
    const uint32_t index = slots_.index_of(id);
    auto* entry = new Entry{queue_, index, slots_.generation_at(index)};
    if (napi_add_finalizer(env.env(), owner, entry, on_collected, nullptr, nullptr) != napi_ok) {
      delete entry;
      slots_.release(index);
      fail(code::kArgType, "the owner of a handle must be an object");
    }
    return id;
  }

  T& at(SlotId id) { return slots_.at(id); }

  // Call it once what an entry works on is held by references of its own.
  void release_some() {
    while (!queue_->dead.empty()) {
      const Dead dead = queue_->dead.back();
      queue_->dead.pop_back();
      if (slots_.slot_at(dead.index).used && slots_.generation_at(dead.index) == dead.generation) {
        slots_.release(dead.index);
      }
    }
  }

  size_t live() const { return slots_.live(); }

 private:
  struct Dead {
    uint32_t index;
    uint32_t generation;
  };
  // Outlives the table where the environment is torn down before its objects are collected.
  struct Queue {
    std::vector<Dead> dead;
    bool open = true;
  };
  struct Entry {
    std::shared_ptr<Queue> queue;
    uint32_t index;
    uint32_t generation;
  };

  static void on_collected(napi_env, void* data, void*) {
    auto* entry = static_cast<Entry*>(data);
    if (entry->queue->open) entry->queue->dead.push_back({entry->index, entry->generation});
    delete entry;
  }

  SlotTable<T> slots_;
  std::shared_ptr<Queue> queue_ = std::make_shared<Queue>();
};

}  // namespace ltn
