// Reads tensors that follow each other in a file, each straight into its own memory.
#pragma once

#include <memory>

#include "core/queue.h"
#include "serialize/transfer.h"

namespace ltn {

class Reader final : public Transfer, public std::enable_shared_from_this<Reader> {
 public:
  struct Entry {
    c10::ScalarType dtype;
    std::vector<int64_t> sizes;
    int64_t length;  // in bytes
  };

  // Reads from byte `start` of an open file, of which it keeps a descriptor of its own.
  Reader(int descriptor, int64_t start, c10::Device device, std::vector<Entry> entries);

  // Queues the next piece; false where it was the last. So other jobs have their turn between two.
  bool queue_next(Environment& env);
  // The tensors, once all is done.
  const std::vector<at::Tensor>& tensors() const { return tensors_; }
  bool abandon() override;
  void end() override;

 private:
  void read(const std::vector<Segment>& piece);

  const c10::Device device_;
  const std::vector<Entry> entries_;
  std::vector<std::vector<Segment>> pieces_;
  size_t next_ = 0;
  // of the executor, until all is done:
  std::vector<at::Tensor> tensors_;
  int64_t position_;
};

}  // namespace ltn
