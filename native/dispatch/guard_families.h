// The guards of families of operators whose kernels trust sizes, dimensions or indices; see dispatch/guards.h.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "dispatch/guards.h"

namespace ltn {

// Each with the operators that it is for.
std::vector<std::pair<std::string, ArgumentGuard>> family_guards();

}  // namespace ltn
