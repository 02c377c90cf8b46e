// The guard of operators: names them in errors, and tries once more where memory ran out.
#pragma once

#include <c10/util/Exception.h>

#include <cstring>

#include "core/environment.h"

namespace ltn {

// Runs `run`; where memory lacks, collects what JavaScript has dropped and runs it again. `name` is the operator's.
template <typename Run>
napi_value attempt(Environment& env, const char* name, Run&& run) {
  for (bool retried = false;; retried = true) {
    try {
      try {
        return run();
      } catch (const c10::OutOfMemoryError&) {
        if (retried || !env.collect_garbage()) throw;
      } catch (const c10::Error& error) {
        const bool out_of_memory = std::strstr(error.what_without_backtrace(), "can't allocate memory") != nullptr;
        if (!out_of_memory || retried || !env.collect_garbage()) throw;
      }
    } catch (...) {
      env.throw_current_exception(name);
      return nullptr;
    }
  }
}

}  // namespace ltn
