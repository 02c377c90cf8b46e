// Streams and events. The current stream belongs to the thread, as everything of an environment does.
#include <ATen/core/Tensor.h>
#include <c10/core/Event.h>
#include <c10/core/Stream.h>

#include <optional>

#include "core/capture.h"
#include "core/handles.h"
#include "cuda/rooms.h"

namespace ltn {

namespace {

// A scope's way back: the device that was current, and the stream that was current on the scope's device.
struct Before {
  c10::Device device;
  c10::Stream stream;
};

struct StreamRoom {
  // Streams are names of what libtorch owns, in a pool that it never gives back; events are owned here.
  HandleTable<std::optional<c10::Stream>> streams{"stream"};
  HandleTable<std::shared_ptr<c10::Event>> events{"event"};
  std::vector<Before> open;

  void release_some() {
    streams.release_some();
    events.release_some();
  }
};

StreamRoom& room(Environment& env) { return env.room<StreamRoom>(); }
c10::Stream stream(Environment& env, Args& args, size_t i) { return *room(env).streams.at(args.id(i)); }
std::shared_ptr<c10::Event> event(Environment& env, Args& args, size_t i) { return room(env).events.at(args.id(i)); }

// What is queued for the addon's own thread was asked for before, and has not reached the GPU's streams yet.
void settle(Environment& env) { env.queue.wait_for_all(); }

napi_value put(Environment& env, napi_value owner, const c10::Stream& stream) {
  room(env).release_some();
  return js_int(env, room(env).streams.put(env, owner, std::optional(stream)));
}

// --- streams: owner first, the JavaScript object whose collection forgets the handle

// cudaStreamCreate(owner, device, priority)
napi_value stream_create(Environment& env, Args& args) {
  const c10::Device device = cuda_device(args, 1);
  const int64_t priority = args.int64(2);
  if (priority > 0 || priority < -100) {
    fail(code::kOutOfRange, "the priority of a stream is 0, or negative for a higher one, got ", priority);
  }
  return put(env, args[0], cuda_guard().getNewStream(device, static_cast<int>(priority)));
}

// cudaStreamCurrent(owner, device)
napi_value stream_current(Environment& env, Args& args) {
  const c10::Device device = cuda_device(args, 1);
  return put(env, args[0], cuda_guard().getStream(device));
}

// cudaStreamDefault(owner, device)
napi_value stream_default(Environment& env, Args& args) {
  const c10::Device device = cuda_device(args, 1);
  return put(env, args[0], cuda_guard().getDefaultStream(device));
}

napi_value stream_device(Environment& env, Args& args) { return js_int(env, stream(env, args, 0).device_index()); }
napi_value stream_id(Environment& env, Args& args) { return js_int64(env, stream(env, args, 0).id()); }

napi_value stream_query(Environment& env, Args& args) {
  refuse_while_capturing("Stream.query");
  settle(env);
  return js_bool(env, stream(env, args, 0).query());
}

napi_value stream_synchronize(Environment& env, Args& args) {
  refuse_while_capturing("Stream.synchronize");
  settle(env);
  stream(env, args, 0).synchronize();
  return js_undefined(env);
}

// cudaStreamOpen(stream): makes it and its device the current ones until `cudaStreamClose`; scopes close in order.
napi_value stream_open(Environment& env, Args& args) {
  const c10::Stream next = stream(env, args, 0);
  const auto guard = cuda_guard();
  const c10::Device device = guard.getDevice();
  guard.setDevice(next.device());
  room(env).open.push_back({device, guard.exchangeStream(next)});
  return js_undefined(env);
}

napi_value stream_close(Environment& env, Args&) {
  auto& open = room(env).open;
  if (open.empty()) fail(code::kArgValue, "no stream is open");
  const Before before = open.back();
  open.pop_back();
  const auto guard = cuda_guard();
  guard.exchangeStream(before.stream);
  guard.uncheckedSetDevice(before.device);  // a scope closes whatever happened inside
  return js_undefined(env);
}

// cudaRecordStream(tensor, stream): its memory is not given to others before the stream has done what it was asked so
// far
napi_value record_stream(Environment& env, Args& args) {
  const at::Tensor tensor = args.tensor(0);
  const c10::Stream user = stream(env, args, 1);
  if (!tensor.is_cuda()) fail(code::kArgValue, "recordStream: expected a tensor on cuda, got one on ", tensor.device());
  if (tensor.layout() != c10::kStrided) {
    fail(code::kArgValue, "recordStream: expected a strided tensor, got ", tensor.layout());
  }
  settle(env);
  cuda_guard().recordDataPtrOnStream(tensor.storage().data_ptr(), user);
  return js_undefined(env);
}

// --- events

// cudaEventCreate(owner, enableTiming): on the device of the stream that first records it
napi_value event_create(Environment& env, Args& args) {
  need_cuda();
  const auto flag = args.boolean(1) ? c10::EventFlag::BACKEND_DEFAULT : c10::EventFlag::PYTORCH_DEFAULT;
  room(env).release_some();
  return js_int(env, room(env).events.put(env, args[0], std::make_shared<c10::Event>(c10::DeviceType::CUDA, flag)));
}

// cudaEventRecord(event, stream)
napi_value event_record(Environment& env, Args& args) {
  settle(env);
  event(env, args, 0)->record(stream(env, args, 1));
  return js_undefined(env);
}

// cudaEventWait(event, stream): the stream goes on when the event has happened; nothing waits here
napi_value event_wait(Environment& env, Args& args) {
  settle(env);
  event(env, args, 0)->block(stream(env, args, 1));
  return js_undefined(env);
}

napi_value event_query(Environment& env, Args& args) {
  refuse_while_capturing("Event.query");
  return js_bool(env, event(env, args, 0)->query());
}

napi_value event_synchronize(Environment& env, Args& args) {
  refuse_while_capturing("Event.synchronize");
  settle(env);
  event(env, args, 0)->synchronize();
  return js_undefined(env);
}

// cudaEventElapsedTime(start, end): milliseconds
napi_value event_elapsed_time(Environment& env, Args& args) {
  refuse_while_capturing("Event.elapsedTime");
  const auto start = event(env, args, 0), end = event(env, args, 1);
  for (const auto& each : {start, end}) {
    if (each->flag() != c10::EventFlag::BACKEND_DEFAULT) {
      fail(code::kArgValue, "elapsedTime: both events must be made with { enableTiming: true }");
    }
    if (!each->was_marked_for_recording()) fail(code::kArgValue, "elapsedTime: both events must be recorded first");
    if (!each->query()) {
      fail(code::kArgValue, "elapsedTime: both events must have happened; synchronize() waits for that");
    }
  }
  return js_number(env, start->elapsedTime(*end));
}

}  // namespace

void register_cuda_streams(Environment& env, napi_value exports) {
  env.on_release([&env] { room(env).release_some(); });
  define<stream_create>(env, exports, "cudaStreamCreate");
  define<stream_current>(env, exports, "cudaStreamCurrent");
  define<stream_default>(env, exports, "cudaStreamDefault");
  define<stream_device>(env, exports, "cudaStreamDevice");
  define<stream_id>(env, exports, "cudaStreamId");
  define<stream_query>(env, exports, "cudaStreamQuery");
  define<stream_synchronize>(env, exports, "cudaStreamSynchronize");
  define<stream_open>(env, exports, "cudaStreamOpen");
  define<stream_close>(env, exports, "cudaStreamClose");
  define<record_stream>(env, exports, "cudaRecordStream");
  define<event_create>(env, exports, "cudaEventCreate");
  define<event_record>(env, exports, "cudaEventRecord");
  define<event_wait>(env, exports, "cudaEventWait");
  define<event_query>(env, exports, "cudaEventQuery");
  define<event_synchronize>(env, exports, "cudaEventSynchronize");
  define<event_elapsed_time>(env, exports, "cudaEventElapsedTime");
}

}  // namespace ltn
