// Writes a file so that its name always means a whole file: into a new one beside it, onto the disk, then renamed.
#pragma once

#include <memory>
#include <mutex>

#include "core/queue.h"
#include "serialize/transfer.h"

namespace ltn {

class Writer final : public Transfer, public std::enable_shared_from_this<Writer> {
 public:
  // The unfinished file has `token` in its name.
  Writer(std::string path, std::string token, std::string header)
      : path_(std::move(path)), token_(std::move(token)), header_(std::move(header)) {}
  ~Writer() override { abandon(); }

  // Queues the writing of tensors after the header, each as so many bytes of plain memory.
  void queue(Environment& env, std::vector<Input> tensors, std::vector<int64_t> lengths);
  bool abandon() override;
  void end() override;

 private:
  void begin();
  void write(const std::vector<Segment>& piece);
  void put(const char* data, int64_t length);
  void commit();
  void remove_unfinished();

  const std::string path_, token_, header_;
  // of the executor:
  std::vector<Input> tensors_;
  std::vector<int64_t> lengths_;
  at::Tensor plain_;  // the tensor that is being written
  int64_t total_ = 0;
  bool ended_ = false;
  // Under the lock, whatever names of files depend on: either thread may give up. Never held while data are written.
  std::mutex names_;
  std::string target_, unfinished_;
  bool created_ = false;
  bool committed_ = false;
};

}  // namespace ltn
