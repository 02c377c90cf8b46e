#include "serialize/writer.h"

#include "tensor/data.h"

namespace ltn {

void Writer::queue(Environment& env, std::vector<Input> tensors, std::vector<int64_t> lengths) {
  tensors_ = std::move(tensors);
  lengths_ = std::move(lengths);
  total_ = static_cast<int64_t>(header_.size());
  for (const int64_t length : lengths_) total_ += length;
  // All at once: whatever is asked for from now on, and may write to these tensors, comes after them
  const auto self = shared_from_this();
  for (auto& piece : cut_into_pieces(lengths_)) {
    env.enqueue("", [self, piece = std::move(piece)] { self->write(piece); });
  }
}

void Writer::write(const std::vector<Segment>& piece) {
  if (going_on() && !file_.is_open()) begin();
  for (const auto& [tensor, begin, end] : piece) {
    if (!going_on()) return;
    if (begin == 0) {
      const at::Tensor& value = tensors_[tensor].get();
      const int64_t bytes = value.numel() * static_cast<int64_t>(value.element_size());
      if (bytes != lengths_[tensor])
        fail(code::kArgValue, "a tensor has ", bytes, " bytes, expected ", lengths_[tensor]);
      plain_ = plain_copy(value);
    }
    if (end > begin) put(static_cast<const char*>(plain_.const_data_ptr()) + begin, end - begin);
    if (end == lengths_[tensor]) {
      plain_.reset();
      tensors_[tensor] = Input();
    }
  }
}

void Writer::begin() {
  {
    const std::lock_guard<std::mutex> lock(names_);
    if (abandoned_) return;
    target_ = real_path(path_);
    const size_t name = target_.rfind('/') + 1;  // npos + 1 is 0
    unfinished_ = target_.substr(0, name) + "." + target_.substr(name) + "." + token_ + ".unfinished";
    if (const int error = file_.create(unfinished_)) return fail_with(error, "open", unfinished_);
    created_ = true;
  }
  put(header_.data(), static_cast<int64_t>(header_.size()));
}

void Writer::put(const char* data, int64_t length) {
  if (const int error = file_.write(data, static_cast<size_t>(length))) return fail_with(error, "write");
  bytes_.fetch_add(length, std::memory_order_relaxed);
}

void Writer::end() {
  if (ended_) return;
  ended_ = true;
  plain_.reset();
  tensors_.clear();
  // fewer where a task of the job has failed
  if (going_on() && bytes() == total_) commit();
  file_.close();
  const std::lock_guard<std::mutex> lock(names_);
  remove_unfinished();
}

void Writer::commit() {
  if (const int error = file_.sync()) return fail_with(error, "fsync");
  if (const int error = file_.close()) return fail_with(error, "close");
  const std::lock_guard<std::mutex> lock(names_);
  if (abandoned_) return;
  if (const int error = copy_mode(target_, unfinished_)) return fail_with(error, "chmod", unfinished_);
  if (const int error = rename_file(unfinished_, target_)) return fail_with(error, "rename", unfinished_, target_);
  committed_ = true;
}

bool Writer::abandon() {
  const std::lock_guard<std::mutex> lock(names_);
  if (committed_) return false;
  abandoned_ = true;
  remove_unfinished();
  return true;
}

void Writer::remove_unfinished() {
  if (created_ && !committed_) remove_file(unfinished_);
  created_ = false;
}

}  // namespace ltn
