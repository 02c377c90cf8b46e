// Mixed precision. libtorch keeps the state of autocast for each thread, and the cast weights of all threads in one
// cache.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>
#include <c10/core/impl/LocalDispatchKeySet.h>

#include <cstdint>
#include <optional>

namespace ltn {

struct Autocast {
  struct Mode {
    bool enabled;
    c10::ScalarType dtype;
  };

  Mode cpu{false, c10::kBFloat16};
  Mode cuda{false, c10::kHalf};
  bool cache = true;
  uint64_t region = 0;  // the outermost scope that it belongs to; 0 outside of all

  Mode& of(c10::DeviceType device) { return device == c10::kCUDA ? cuda : cpu; }

  // This thread's.
  static const Autocast& here();
  // Makes this the thread's. The cast weights of a region do not outlive it: the next change of region forgets them,
  // unless `keep_cache`.
  void apply(bool keep_cache = false) const;
  static uint64_t new_region();
};

// While it lives, operators on outlines give the dtypes that autocast would give on `device`.
class AutocastOutlines {
 public:
  explicit AutocastOutlines(c10::DeviceType device);

 private:
  std::optional<c10::impl::ForceDispatchKeyGuard> keys_;
};

// What `AutocastOutlines` calls on. Once a process.
void register_autocast_outlines();

}  // namespace ltn
