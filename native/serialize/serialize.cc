#include "serialize/serialize.h"

#include "convert/values.h"
#include "core/handles.h"
#include "serialize/reader.h"
#include "serialize/writer.h"

namespace ltn {

namespace {

struct SerializeRoom {
  HandleTable<std::shared_ptr<Transfer>> transfers{"file"};
};

HandleTable<std::shared_ptr<Transfer>>& table(Environment& env) { return env.room<SerializeRoom>().transfers; }

napi_value keep(Environment& env, napi_value owner, std::shared_ptr<Transfer> transfer) {
  table(env).release_some();
  return js_int(env, table(env).put(env, owner, std::move(transfer)));
}

std::shared_ptr<Reader> reader_at(Environment& env, Args& args) {
  const auto reader = std::dynamic_pointer_cast<Reader>(table(env).at(args.id(0)));
  if (!reader) fail(code::kArgType, "the file is not one that is read");
  return reader;
}

void need_section(Environment& env) {
  if (!env.queue.deferring()) fail(code::kArgValue, "no job is open");
}

std::string bytes_of(Environment& env, napi_value value) {
  void* data = nullptr;
  size_t length = 0;
  napi_typedarray_type type;
  if (napi_get_typedarray_info(env.env(), value, &type, &length, &data, nullptr, nullptr) != napi_ok ||
      type != napi_uint8_array) {
    fail(code::kArgType, "expected a Uint8Array, got ", describe(env, value));
  }
  return std::string(static_cast<const char*>(data), length);
}

std::vector<int64_t> lengths_at(Args& args, size_t i) {
  std::vector<int64_t> out = args.int64_list(i);
  for (const int64_t length : out) {
    if (length < 0) fail(code::kArgValue, "a length of ", length, " bytes");
  }
  return out;
}

// fileWrite(owner, path, token, header, slots, lengths): queues the writing of a file for the open job.
napi_value file_write(Environment& env, Args& args) {
  need_section(env);
  std::vector<int64_t> lengths = lengths_at(args, 5);
  std::vector<Held> held;
  args.for_each_id(4, [&](SlotId id) { held.push_back(env.tensors.peek(id)); });
  if (held.size() != lengths.size()) fail(code::kArgValue, held.size(), " tensors and ", lengths.size(), " lengths");
  const auto writer = std::make_shared<Writer>(args.string(1), args.string(2), bytes_of(env, args[3]));
  const napi_value id = keep(env, args[0], writer);
  std::vector<Input> inputs;
  for (const Held& tensor : held) inputs.push_back(env.queue.use(tensor));
  writer->queue(env, std::move(inputs), std::move(lengths));
  return id;
}

// fileRead(owner, descriptor, start, device, dtypes, ranks, sizes, lengths): a file of tensors that follow each other
// from byte `start`. `sizes` are those of all tensors in one list, `ranks` tell how many are whose.
napi_value file_read(Environment& env, Args& args) {
  const c10::Device device = to_device(env, args[3]);
  const std::vector<int64_t> ranks = args.int64_list(5);
  const std::vector<int64_t> sizes = args.int64_list(6);
  const std::vector<int64_t> lengths = lengths_at(args, 7);
  if (ranks.size() != lengths.size()) fail(code::kArgValue, ranks.size(), " ranks and ", lengths.size(), " lengths");
  std::vector<Reader::Entry> entries;
  auto next = sizes.begin();
  for (uint32_t i = 0; i < ranks.size(); ++i) {
    napi_value code;
    if (napi_get_element(env.env(), args[4], i, &code) != napi_ok) throw PendingException();
    if (ranks[i] < 0 || ranks[i] > sizes.end() - next) fail(code::kArgValue, "a rank of ", ranks[i]);
    entries.push_back({to_dtype(env, code), {next, next + ranks[i]}, lengths[i]});
    next += ranks[i];
  }
  const auto descriptor = static_cast<int>(args.int64(1));
  return keep(env, args[0], std::make_shared<Reader>(descriptor, args.int64(2), device, std::move(entries)));
}

// fileReadNext(id): queues the next piece for the open job; false where it was the last.
napi_value file_read_next(Environment& env, Args& args) {
  need_section(env);
  return js_bool(env, reader_at(env, args)->queue_next(env));
}

// fileTensors(id): what was read, once all is done: slots for JavaScript to adopt.
napi_value file_tensors(Environment& env, Args& args) { return js_tensor_list(env, reader_at(env, args)->tensors()); }

// fileBytes(id)
napi_value file_bytes(Environment& env, Args& args) {
  return js_number(env, static_cast<double>(table(env).at(args.id(0))->bytes()));
}

// fileAbandon(id): false where the file has its name already.
napi_value file_abandon(Environment& env, Args& args) { return js_bool(env, table(env).at(args.id(0))->abandon()); }

// fileEnd(id): queues the end of the file for the open job, which is to be another than that of its pieces: it comes
// also where that one has failed.
napi_value file_end(Environment& env, Args& args) {
  need_section(env);
  env.enqueue("", [transfer = table(env).at(args.id(0))] { transfer->end(); });
  return js_undefined(env);
}

// fileFailure(id): null, or [errno, call, path, target]; without errno the file was too short.
napi_value file_failure(Environment& env, Args& args) {
  const SystemFailure* failure = table(env).at(args.id(0))->failure();
  if (failure == nullptr) return js_null(env);
  Napi::Array out = Napi::Array::New(env.env(), 4);
  out.Set(0u, Napi::Number::New(env.env(), failure->error));
  out.Set(1u, Napi::String::New(env.env(), failure->call));
  out.Set(2u, Napi::String::New(env.env(), failure->path));
  out.Set(3u, Napi::String::New(env.env(), failure->target));
  return out;
}

}  // namespace

void register_serialize(Environment& env, napi_value exports) {
  env.on_release([&env] { table(env).release_some(); });
  define<file_write>(env, exports, "fileWrite");
  define<file_read>(env, exports, "fileRead");
  define<file_read_next>(env, exports, "fileReadNext");
  define<file_tensors>(env, exports, "fileTensors");
  define<file_bytes>(env, exports, "fileBytes");
  define<file_abandon>(env, exports, "fileAbandon");
  define<file_end>(env, exports, "fileEnd");
  define<file_failure>(env, exports, "fileFailure");
}

}  // namespace ltn
