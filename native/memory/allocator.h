// The allocator for CPU memory. Small blocks stay in lists of the thread: small tensors are made and dropped by the
// thousand, and malloc is half the cost of making one. Large ones stay in a pool of the process (large_blocks.h).
#pragma once

namespace ltn {

// Makes it libtorch's CPU allocator, once a process. It is never taken back: blocks outlive every environment.
void install_allocator();

}  // namespace ltn
