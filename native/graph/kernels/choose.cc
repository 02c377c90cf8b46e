#include "graph/kernels/kernels.h"

namespace ltn::graph {

const Kernels& kernels_baseline();
#if defined(LTN_X86_KERNELS)
const Kernels& kernels_avx2();
const Kernels& kernels_avx512();
#endif

const Kernels& kernels() {
#if defined(LTN_X86_KERNELS)
  static const Kernels& chosen = [&]() -> const Kernels& {
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq")) {
      return kernels_avx512();
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return kernels_avx2();
    return kernels_baseline();
  }();
  return chosen;
#else
  return kernels_baseline();
#endif
}

}  // namespace ltn::graph
