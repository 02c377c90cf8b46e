// A file that the executor writes or reads, in pieces: between two of them it can be given up, and its progress shows.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "core/guard.h"
#include "serialize/file.h"

namespace ltn {

// What the system refused: `call` and the paths as Node's own errors have them. Without `error`, a file that ended
// before its data did.
struct SystemFailure {
  int error = 0;
  const char* call = "";
  std::string path;
  std::string target;
};

// Bytes [begin, end) of a tensor. One of no elements has one segment, too.
struct Segment {
  size_t tensor;
  int64_t begin;
  int64_t end;
};

// Tensors of these lengths, in order, cut into pieces: what one task writes or reads.
std::vector<std::vector<Segment>> cut_into_pieces(const std::vector<int64_t>& lengths);

class Transfer {
 public:
  virtual ~Transfer() = default;

  // --- on the JavaScript thread
  // The bytes of the file that are written or read by now.
  int64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  // Gives the transfer up: what is left of it does nothing. False where it is too late for that.
  virtual bool abandon() = 0;
  // Null where nothing failed so far.
  const SystemFailure* failure() const { return failed_.load(std::memory_order_acquire) ? &failure_ : nullptr; }

  // --- on the executor
  // After the last piece, also after a failure: lets go of the file and the tensors.
  virtual void end() = 0;

 protected:
  bool going_on() const { return failure() == nullptr && !abandoned_.load(std::memory_order_relaxed); }
  void fail_with(int error, const char* call, const std::string& path = "", const std::string& target = "") {
    failure_ = {error, call, path, target};
    failed_.store(true, std::memory_order_release);
  }

  File file_;
  std::atomic<int64_t> bytes_{0};
  std::atomic<bool> abandoned_{false};

 private:
  SystemFailure failure_;  // written once, before `failed_`
  std::atomic<bool> failed_{false};
};

}  // namespace ltn
