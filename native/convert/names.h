// The names that JavaScript has for libtorch's enumerations.
#pragma once

#include <c10/core/Layout.h>
#include <c10/core/MemoryFormat.h>

#include <array>
#include <utility>

namespace ltn {

inline constexpr std::array<std::pair<const char*, c10::Layout>, 7> kLayouts{{
    {"strided", c10::Layout::Strided},
    {"sparse_coo", c10::Layout::Sparse},
    {"sparse_csr", c10::Layout::SparseCsr},
    {"sparse_csc", c10::Layout::SparseCsc},
    {"sparse_bsr", c10::Layout::SparseBsr},
    {"sparse_bsc", c10::Layout::SparseBsc},
    {"_mkldnn", c10::Layout::Mkldnn},
}};

inline constexpr std::array<std::pair<const char*, c10::MemoryFormat>, 4> kMemoryFormats{{
    {"contiguous_format", c10::MemoryFormat::Contiguous},
    {"preserve_format", c10::MemoryFormat::Preserve},
    {"channels_last", c10::MemoryFormat::ChannelsLast},
    {"channels_last_3d", c10::MemoryFormat::ChannelsLast3d},
}};

}  // namespace ltn
