// Errors with a stable code, thrown as C++ exceptions and turned into JavaScript classes by the guard.
#pragma once

#include <exception>
#include <sstream>
#include <string>
#include <utility>

namespace ltn {

namespace code {
inline constexpr const char* kArgType = "ERR_INVALID_ARG_TYPE";
inline constexpr const char* kArgValue = "ERR_INVALID_ARG_VALUE";
inline constexpr const char* kOutOfRange = "ERR_OUT_OF_RANGE";
inline constexpr const char* kUnknownOption = "ERR_UNKNOWN_OPTION";
inline constexpr const char* kUnknownOperator = "ERR_UNKNOWN_OPERATOR";
inline constexpr const char* kUnsupportedType = "ERR_UNSUPPORTED_TYPE";
inline constexpr const char* kLibtorch = "ERR_LIBTORCH";
inline constexpr const char* kOutOfMemory = "ERR_OUT_OF_MEMORY";
inline constexpr const char* kDisposed = "ERR_DISPOSED";
inline constexpr const char* kStateDict = "ERR_STATE_DICT";
inline constexpr const char* kCudaUnavailable = "ERR_CUDA_UNAVAILABLE";
inline constexpr const char* kCudaCapture = "ERR_CUDA_CAPTURE";
}  // namespace code

class Error : public std::exception {
 public:
  Error(const char* code, std::string message) : code_(code), message_(std::move(message)) {}
  const char* code() const { return code_; }
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  const char* code_;
  std::string message_;
};

template <typename... Parts>
std::string join(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

// fail(code::kArgType, "expected a tensor, got ", what)
template <typename... Parts>
[[noreturn]] void fail(const char* code, const Parts&... parts) {
  throw Error(code, join(parts...));
}

// A Node-API call failed with a JavaScript exception pending: unwind and leave that exception as it is.
class PendingException : public std::exception {};

}  // namespace ltn
