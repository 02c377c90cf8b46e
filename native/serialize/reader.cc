#include "serialize/reader.h"

#include <ATen/ops/empty.h>

namespace ltn {

namespace {

std::vector<int64_t> lengths_of(const std::vector<Reader::Entry>& entries) {
  std::vector<int64_t> out;
  for (const Reader::Entry& entry : entries) out.push_back(entry.length);
  return out;
}

}  // namespace

Reader::Reader(int descriptor, int64_t start, c10::Device device, std::vector<Entry> entries)
    : device_(device),
      entries_(std::move(entries)),
      pieces_(cut_into_pieces(lengths_of(entries_))),
      tensors_(entries_.size()),
      position_(start) {
  bytes_ = start;
  if (const int error = file_.duplicate(descriptor)) fail_with(error, "open");
}

bool Reader::queue_next(Environment& env) {
  if (next_ == pieces_.size()) return false;
  const auto self = shared_from_this();
  env.enqueue("", [self, piece = std::move(pieces_[next_++])] { self->read(piece); });
  return next_ < pieces_.size();
}

void Reader::read(const std::vector<Segment>& piece) {
  for (const auto& [index, begin, end] : piece) {
    if (!going_on()) return;
    at::Tensor& tensor = tensors_[index];
    const Entry& entry = entries_[index];
    if (begin == 0) {
      tensor = at::empty(entry.sizes, at::TensorOptions(entry.dtype));
      if (static_cast<int64_t>(tensor.nbytes()) != entry.length) {
        fail(code::kArgValue, "a tensor takes ", tensor.nbytes(), " bytes, expected ", entry.length);
      }
    }
    if (end > begin) {
      size_t got = 0;
      const size_t length = static_cast<size_t>(end - begin);
      char* data = static_cast<char*>(tensor.mutable_data_ptr()) + begin;
      if (const int error = file_.read_at(position_, data, length, got)) return fail_with(error, "read");
      position_ += static_cast<int64_t>(got);
      bytes_.fetch_add(static_cast<int64_t>(got), std::memory_order_relaxed);
      if (got < length) return fail_with(0, "read");
    }
    if (end == entry.length && device_ != tensor.device()) tensor = tensor.to(device_);
  }
}

bool Reader::abandon() {
  abandoned_ = true;
  return true;
}

void Reader::end() {
  file_.close();
  tensors_.clear();
}

}  // namespace ltn
