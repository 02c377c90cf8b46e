#include <cstdlib>
#include <string>

#include "core/errors.h"
#include "graph/kernels/kernels.h"

namespace ltn::graph {

const Kernels& kernels_baseline();
#if defined(LTN_X86_KERNELS)
const Kernels& kernels_avx2();
const Kernels& kernels_avx512();
#endif

namespace {

struct InstructionSet {
  const char* name;  // in LIBTORCH_NODE_KERNELS
  const Kernels& (*kernels)();
  bool there;  // on the processor at hand
};

// The best one is the last that is there, or the one that LIBTORCH_NODE_KERNELS names.
const Kernels& choose() {
  const InstructionSet sets[] = {
      {"baseline", kernels_baseline, true},
#if defined(LTN_X86_KERNELS)
      {"avx2", kernels_avx2, __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")},
      {"avx512", kernels_avx512,
       __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512dq")},
#endif
  };
  const char* wanted = std::getenv("LIBTORCH_NODE_KERNELS");
  const bool any = wanted == nullptr || *wanted == '\0';
  const InstructionSet* chosen = nullptr;
  std::string there;
  for (const InstructionSet& set : sets) {
    if (!set.there) continue;
    there += (there.empty() ? "" : ", ") + std::string(set.name);
    if (any || std::string(set.name) == wanted) chosen = &set;
  }
  if (chosen == nullptr) {
    fail(code::kArgValue, "LIBTORCH_NODE_KERNELS is '", wanted, "'; this processor has: ", there);
  }
  return chosen->kernels();
}

}  // namespace

const Kernels& kernels() {
  static const Kernels& chosen = choose();  // one that throws is tried again
  return chosen;
}

}  // namespace ltn::graph
