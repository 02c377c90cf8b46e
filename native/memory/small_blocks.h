// An allocator for CPU memory that keeps small blocks in lists of the thread: small tensors are made and dropped by
// the thousand, and malloc is half the cost of making one.
#pragma once

namespace ltn {

// Makes it libtorch's CPU allocator, once a process. It is never taken back: blocks outlive every environment.
void install_small_blocks();

}  // namespace ltn
