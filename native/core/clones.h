// Functions that are compiled once for each instruction set; the loader takes the one for the processor at hand.
#pragma once

#if defined(__x86_64__) && defined(__linux__)
#define LTN_CLONES __attribute__((target_clones("avx512f", "fma,avx2", "default")))
#else
#define LTN_CLONES
#endif
