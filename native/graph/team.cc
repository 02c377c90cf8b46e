#include "graph/team.h"

#include <ATen/Parallel.h>

#include <thread>

namespace ltn::graph {

namespace {

template <typename Done>
void spin_until(const Done& done) {
  for (int i = 0; !done(); ++i) {
    if (i >= 4000) {
      std::this_thread::yield();  // there may be fewer processors than threads
      continue;
    }
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
  }
}

// Sets a flag, or takes one away, whatever happens.
template <typename F>
struct AtEnd {
  F f;
  ~AtEnd() { f(); }
};
template <typename F>
AtEnd(F) -> AtEnd<F>;

}  // namespace

void Team::gather(const std::function<void()>& body) {
  over_ = false;
  at::parallel_for(0, at::get_num_threads(), 1, [&](int64_t first, int64_t) {
    // fewer threads than were asked for may come: the first one of them runs the body, with whoever is there
    if (first > 0) return serve(static_cast<int>(first));
    const AtEnd end{[this] { over_ = true; }};
    body();
  });
}

void Team::serve(int thread) {
  int64_t seen = -1;
  for (;;) {
    spin_until([&] { return over_ || (work_ != nullptr && round_ != seen); });
    if (over_) return;
    seen = round_;
    ++busy_;
    const AtEnd end{[this] { --busy_; }};
    // either `share` sees that this thread is busy, or this thread sees that the work is gone
    if (const auto* each = work_.load()) (*each)(thread);
  }
}

void Team::share(const std::function<void(int)>& each) {
  ++round_;
  work_ = &each;
  {
    const AtEnd end{[this] {
      work_ = nullptr;
      spin_until([this] { return busy_ == 0; });
    }};
    each(0);
  }
}

}  // namespace ltn::graph
