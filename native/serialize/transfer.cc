#include "serialize/transfer.h"

#include <algorithm>

namespace ltn {

std::vector<std::vector<Segment>> cut_into_pieces(const std::vector<int64_t>& lengths) {
  constexpr int64_t kPiece = 16ll << 20;
  std::vector<std::vector<Segment>> pieces(1);
  int64_t room = kPiece;
  for (size_t tensor = 0; tensor < lengths.size(); ++tensor) {
    int64_t begin = 0;
    do {
      if (room == 0) {
        pieces.emplace_back();
        room = kPiece;
      }
      const int64_t end = begin + std::min(lengths[tensor] - begin, room);
      pieces.back().push_back({tensor, begin, end});
      room -= end - begin;
      begin = end;
    } while (begin < lengths[tensor]);
  }
  return pieces;
}

}  // namespace ltn
