// CUDA graphs: work for the GPU that is captured once and replayed as one. A capture begins, is filled and ends on
// JavaScript's thread, even inside a job's section: what is queued for the addon's own thread is done before, and
// operators run here meanwhile. Replays are queued like operators.
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/CachingDeviceAllocator.h>

#include <optional>
#include <utility>

#include "core/capture.h"
#include "core/handles.h"
#include "cuda/cuda_graph.h"
#include "cuda/rooms.h"
#include "cuda/watch.h"

namespace ltn {

namespace {

struct Graph {
  explicit Graph(bool keep) : keep_graph(keep) {}

  const bool keep_graph;
  std::unique_ptr<CudaGraph> native = std::make_unique<CudaGraph>(keep_graph);
  bool captured = false;
  // What it replays on: all that it read is alive as long as it is.
  Watch::Storages storages;
  Watch::Leaves leaves;
  std::unordered_set<const void*> made;  // storages, maybe freed since: whoever has one waits for a replay

  void forget() {
    captured = false;
    storages.clear();
    leaves.clear();
    made.clear();
  }
};
using GraphPointer = std::shared_ptr<Graph>;

struct Capture {
  GraphPointer graph;
  c10::Stream stream;
  std::shared_ptr<Watch> watch;
};

c10::Stream current_stream() {
  const auto guard = cuda_guard();
  return guard.getStream(guard.getDevice());
}

// Ends what `begin_capture` began, on its stream; the graph stays empty where that fails.
void end_capture(Capture& capture) {
  Watch::end();
  capturing = false;
  try {
    capture.graph->native->capture_end();
  } catch (...) {
    capture.graph->native = std::make_unique<CudaGraph>(capture.graph->keep_graph);
    throw;
  }
}

struct GraphRoom {
  HandleTable<GraphPointer> graphs{"CUDA graph"};
  std::optional<Capture> open;

  // A worker may be terminated in the middle of a capture: its stream would stay in it.
  ~GraphRoom() {
    if (!open) return;
    try {
      const auto guard = cuda_guard();
      guard.setDevice(open->stream.device());
      guard.exchangeStream(open->stream);
      end_capture(*open);
    } catch (const std::exception&) {
    }
  }

  // Not while a capture is open: a graph that goes takes memory of the driver's with it.
  void release_some() {
    if (!open) graphs.release_some();
  }
};

GraphRoom& room(Environment& env) { return env.room<GraphRoom>(); }

GraphPointer graph_of(Environment& env, Args& args) { return room(env).graphs.at(args.id(0)); }

c10::MempoolId_t pool_of(Args& args, size_t i) {
  if (args.absent(i)) return CudaGraph::new_pool();
  const std::vector<int64_t> ids = args.int64_list(i);
  if (ids.size() != 2 || ids[0] < 0 || ids[1] < 0 || (ids[0] == 0) == (ids[1] == 0)) {
    fail(code::kArgValue, "a pool is what graphPoolHandle() or the pool() of a graph gave");
  }
  return {static_cast<c10::CaptureId_t>(ids[0]), static_cast<c10::CaptureId_t>(ids[1])};
}

napi_value js_pool(Environment& env, c10::MempoolId_t pool) {
  return js_int64_list(env, {static_cast<int64_t>(pool.first), static_cast<int64_t>(pool.second)});
}

void need_captured(const Graph& graph, const char* what) {
  if (!graph.captured) fail(code::kCudaCapture, what, ": the graph holds no capture");
}

// cudaGraphCreate(owner, keepGraph)
napi_value create(Environment& env, Args& args) {
  need_cuda();
  room(env).release_some();
  return js_int(env, room(env).graphs.put(env, args[0], std::make_shared<Graph>(args.boolean(1))));
}

// cudaGraphMissing(): the function that this libtorch lacks for graphs, or null; answers without a GPU
napi_value missing(Environment& env, Args&) {
  const char* symbol = CudaGraph::missing();
  return symbol == nullptr ? js_null(env) : js_string(env, symbol);
}

// cudaGraphPool(id): that of a graph; of -1 a new one
napi_value pool(Environment& env, Args& args) {
  need_cuda();
  if (args.id(0) == -1) return js_pool(env, CudaGraph::new_pool());
  const GraphPointer graph = graph_of(env, args);
  need_captured(*graph, "pool");
  return js_pool(env, graph->native->pool());
}

// cudaGraphPrepare(): as much memory is free as can be, and nothing is at work
napi_value prepare(Environment& env, Args&) {
  need_cuda();
  if (capturing) fail(code::kCudaCapture, "a CUDA graph is being captured already");
  env.queue.wait_for_all();
  env.release_all();
  at::detail::getCUDAHooks().deviceSynchronize(current_stream().device_index());
  try {
    c10::getDeviceAllocator(c10::DeviceType::CUDA)->emptyCache();
  } catch (
      const c10::Error&) {  // where libtorch is older than 2.12, a capture that failed left the allocator like that
  }
  return js_undefined(env);
}

// cudaGraphBegin(id, pool, mode, strict): captures the current stream; see watch.h for `strict`
napi_value begin(Environment& env, Args& args) {
  const GraphPointer graph = graph_of(env, args);
  const c10::MempoolId_t pool = pool_of(args, 1);
  const auto mode = static_cast<CaptureMode>(args.int64(2));
  auto watch = std::make_shared<Watch>(args.boolean(3));
  if (capturing) fail(code::kCudaCapture, "a CUDA graph is being captured already");
  if (graph->captured) fail(code::kCudaCapture, "the graph holds a capture; reset() lets it go, or take a new one");
  const c10::Stream stream = current_stream();
  if (stream == cuda_guard().getDefaultStream(stream.device())) {
    fail(code::kCudaCapture, "the default stream cannot be captured; cuda.graph() takes another one");
  }
  env.queue.suspend();
  try {
    env.release_all();
    Watch::begin(watch);
    try {
      graph->native->capture_begin(pool, mode);
    } catch (...) {
      Watch::end();
      graph->native = std::make_unique<CudaGraph>(graph->keep_graph);
      throw;
    }
  } catch (...) {
    env.queue.leave();
    throw;
  }
  capturing = true;
  room(env).open.emplace(Capture{graph, stream, std::move(watch)});
  return js_undefined(env);
}

// cudaGraphEnd(id, abandon): with `abandon` the graph stays empty, and nothing is thrown
napi_value end(Environment& env, Args& args) {
  const GraphPointer graph = graph_of(env, args);
  const bool abandon = args.boolean(1);
  auto& open = room(env).open;
  if (!open || open->graph != graph) fail(code::kCudaCapture, "captureEnd: this graph is not being captured");
  if (current_stream() != open->stream) {
    fail(code::kCudaCapture, "captureEnd: a capture ends on the stream that it began on");
  }
  Capture capture = std::move(*open);
  open.reset();
  env.queue.leave();
  try {
    end_capture(capture);
  } catch (const c10::Error& error) {
    if (abandon) return js_undefined(env);
    fail(code::kCudaCapture, "the capture failed, and the graph stays empty: ", error.what_without_backtrace());
  }
  if (abandon) {
    graph->native->reset();
    return js_undefined(env);
  }
  graph->captured = true;
  graph->storages = capture.watch->take_storages();
  graph->leaves = capture.watch->take_leaves();
  graph->made = capture.watch->take_made();
  return js_undefined(env);
}

napi_value instantiate(Environment& env, Args& args) {
  const GraphPointer graph = graph_of(env, args);
  need_captured(*graph, "instantiate");
  if (!graph->keep_graph) fail(code::kArgValue, "instantiate: the graph was not made with { keepGraph: true }");
  env.queue.wait_for_all();
  graph->native->instantiate();
  return js_undefined(env);
}

// cudaGraphReplay(id): on the current stream
napi_value replay(Environment& env, Args& args) {
  const GraphPointer graph = graph_of(env, args);
  need_captured(*graph, "replay");
  if (capturing) fail(code::kCudaCapture, "replay: a replay cannot be part of a CUDA graph");
  env.release_some();
  if (!env.queue.deferring()) {
    env.queue.wait_for_all();
    graph->native->replay();
    return js_undefined(env);
  }
  auto& touched = env.queue.open_job()->touched;
  for (const auto& [storage, _] : graph->storages) touched.insert(storage);
  touched.insert(graph->made.begin(), graph->made.end());
  env.enqueue("replay of a CUDA graph", [graph] { graph->native->replay(); });
  return js_undefined(env);
}

napi_value reset(Environment& env, Args& args) {
  const GraphPointer graph = graph_of(env, args);
  if (room(env).open && room(env).open->graph == graph) {
    fail(code::kCudaCapture, "reset: the graph is being captured");
  }
  env.queue.wait_for_all();
  graph->native->reset();
  graph->forget();
  return js_undefined(env);
}

// cudaGraphHolds(id): false once a parameter or another tensor that was there before lies elsewhere than it did
napi_value holds(Environment& env, Args& args) {
  const GraphPointer graph = graph_of(env, args);
  for (const auto& [_, leaf] : graph->leaves) {
    if (!leaf.tensor.has_storage() || leaf.tensor.const_data_ptr() != leaf.data) return js_bool(env, false);
  }
  return js_bool(env, graph->captured);
}

// libtorch 2.9 has no such question: then the captures of this environment are known.
template <typename S>
auto is_capturing(const S& stream, const GraphRoom&, int) -> decltype(stream.is_capturing()) {
  return stream.is_capturing();
}
template <typename S>
bool is_capturing(const S& stream, const GraphRoom& room, long) {
  return room.open && room.open->stream == stream;
}

// cudaStreamIsCapturing(): the current stream of the current device
napi_value stream_is_capturing(Environment& env, Args&) {
  return js_bool(env, cuda_device_count() > 0 && is_capturing(current_stream(), room(env), 0));
}

}  // namespace

void register_cuda_graphs(Environment& env, napi_value exports) {
  env.on_release([&env] { room(env).release_some(); });
  define<create>(env, exports, "cudaGraphCreate");
  define<missing>(env, exports, "cudaGraphMissing");
  define<pool>(env, exports, "cudaGraphPool");
  define<prepare>(env, exports, "cudaGraphPrepare");
  define<begin>(env, exports, "cudaGraphBegin");
  define<end>(env, exports, "cudaGraphEnd");
  define<instantiate>(env, exports, "cudaGraphInstantiate");
  define<replay>(env, exports, "cudaGraphReplay");
  define<reset>(env, exports, "cudaGraphReset");
  define<holds>(env, exports, "cudaGraphHolds");
  define<stream_is_capturing>(env, exports, "cudaStreamIsCapturing");
}

}  // namespace ltn
