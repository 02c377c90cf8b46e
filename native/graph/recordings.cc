// Recordings of a forward for JavaScript, which makes a chain of stages of them.
#include <unordered_map>

#include "core/recording.h"
#include "graph/graph.h"

namespace ltn {

namespace {

struct RecordingRoom {
  Recording recording;
};

// graphRecordBegin()
napi_value record_begin(Environment& env, Args&) {
  if (open_recording != nullptr) fail(code::kArgValue, "a recording is open already");
  Recording& recording = env.room<RecordingRoom>().recording;
  recording = {};
  open_recording = &recording;
  return js_undefined(env);
}

class Writer {
 public:
  explicit Writer(Environment& env) : env_(env) {}

  int32_t key(const at::Tensor& tensor) {
    const auto [at, fresh] = keys_.emplace(tensor.unsafeGetTensorImpl(), static_cast<int32_t>(keys_.size()));
    if (fresh) shapes_.push_back(tensor.sizes().vec());
    return at->second;
  }

  // { tensor } or a plain value; undefined for what cannot be told
  napi_value argument(const c10::IValue& value) {
    if (value.isNone()) return js_null(env_);
    if (value.isTensor() && !value.toTensor().defined()) return js_null(env_);
    if (value.isTensor()) {
      Napi::Object out = Napi::Object::New(env_.env());
      out.Set("tensor", key(value.toTensor()));
      return out;
    }
    if (value.isInt()) return js_number(env_, static_cast<double>(value.toInt()));
    if (value.isDouble()) return js_number(env_, value.toDouble());
    if (value.isBool()) return js_bool(env_, value.toBool());
    if (value.isString()) return js_string(env_, value.toStringRef());
    if (value.isIntList()) return js_int64_list(env_, value.toIntVector());
    return js_undefined(env_);
  }

  Napi::Array shapes() {
    Napi::Array out = Napi::Array::New(env_.env());
    for (const auto& shape : shapes_) out.Set(out.Length(), js_int64_list(env_, shape));
    return out;
  }

 private:
  Environment& env_;
  std::unordered_map<const void*, int32_t> keys_;
  std::vector<std::vector<int64_t>> shapes_;
};

// graphRecordEnd(x or null, out or null, slots): { calls, input, output, known, shapes, complete }, with `known` the
// keys of the tensors in `slots`; null where nothing is wanted
napi_value record_end(Environment& env, Args& args) {
  Recording& recording = env.room<RecordingRoom>().recording;
  if (open_recording != &recording) fail(code::kArgValue, "no recording is open");
  open_recording = nullptr;
  const Recording taken = std::move(recording);
  recording = {};
  if (args.absent(0) || args.absent(1)) return js_null(env);
  Writer writer(env);
  Napi::Object out = Napi::Object::New(env.env());
  out.Set("input", writer.key(args.peek(0).tensor));
  Napi::Array calls = Napi::Array::New(env.env());
  for (const RecordedCall& call : taken.calls) {
    Napi::Object entry = Napi::Object::New(env.env());
    entry.Set("operation", call.operation);
    entry.Set("layer", call.layer);
    Napi::Array arguments = Napi::Array::New(env.env());
    for (const c10::IValue& value : call.arguments) {
      arguments.Set(arguments.Length(), Napi::Value(env.env(), writer.argument(value)));
    }
    entry.Set("arguments", arguments);
    Napi::Array results = Napi::Array::New(env.env());
    for (const at::Tensor& result : call.results) results.Set(results.Length(), writer.key(result));
    entry.Set("results", results);
    calls.Set(calls.Length(), entry);
  }
  out.Set("calls", calls);
  out.Set("output", writer.key(args.peek(1).tensor));
  Napi::Array known = Napi::Array::New(env.env());
  for (const int64_t slot : args.int64_list(2)) {
    known.Set(known.Length(), writer.key(env.tensors.peek(static_cast<int32_t>(slot)).tensor));
  }
  out.Set("known", known);
  out.Set("shapes", writer.shapes());
  out.Set("complete", taken.tasks == taken.calls.size());
  return out;
}

}  // namespace

void register_recordings(Environment& env, napi_value exports) {
  define<record_begin>(env, exports, "graphRecordBegin");
  define<record_end>(env, exports, "graphRecordEnd");
}

}  // namespace ltn
