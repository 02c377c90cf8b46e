// Threads for many short passes, one after the other: they stay awake in between.
//
// libtorch's own team is called for each region and may sleep after it; to wake it costs more than a pass over a small
// batch. Here one region spans all passes of a task, and between two of them its threads spin.
#pragma once

#include <atomic>
#include <functional>

namespace ltn::graph {

class Team {
 public:
  // Runs `body` on this thread, with the team at hand for `share`.
  void gather(const std::function<void()>& body);
  // Calls each(thread) on the threads of the team, those that are there by then; always on this one, as thread 0. They
  // have all returned when it does.
  void share(const std::function<void(int)>& each);

 private:
  void serve(int thread);

  std::atomic<const std::function<void(int)>*> work_{nullptr};  // null between two calls of share
  std::atomic<int> busy_{0};                                    // threads that look at the work
  std::atomic<int64_t> round_{0};
  std::atomic<bool> over_{false};
};

}  // namespace ltn::graph
