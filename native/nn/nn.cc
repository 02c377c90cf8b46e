#include "nn/nn.h"

#include <ATen/core/grad_mode.h>
#include <torch/nn/modules/batchnorm.h>

#include "core/guard.h"
#include "core/outline.h"
#include "core/recording.h"
#include "nn/layers.h"

namespace ltn {

namespace {

// Looking the room up by type costs more than the smallest layer's bookkeeping may.
thread_local Environment* room_owner = nullptr;
thread_local NnRoom* room_here = nullptr;

// moduleCreate(kind, options, tensors, owner): the id of a module that lives as long as `owner`.
napi_value module_create(Environment& env, Args& args) {
  NnRoom& room = nn_room(env);
  room.layers.release_some();
  LayerOptions options(env, args.string(0), args.object(1), args.object(2));
  std::shared_ptr<Layer> layer = layer_row(options.kind()).build(options);
  return js_int(env, room.layers.put(env, args[3], std::move(layer)));
}

// Waits for whatever is queued on a layer's tensors.
void wait_for(Environment& env, const Layer& layer) {
  if (!env.queue.busy()) [[likely]]
    return;
  for (const Layer::Member& member : layer.members()) env.queue.wait_for(member.tensor);
}

// Inside a job's section: queues a forward whose results are told by `preview` on outlines, and that `forward` runs
// later. Nothing where the outlines do not tell: then everything queued is done, and the forward is to be run here and
// now.
std::optional<napi_value> defer_forward(Environment& env, Args& args, const std::shared_ptr<Layer>& layer, bool two) {
  const Held x = args.peek(1);
  const Held y = two ? args.peek(3) : Held{};
  const at::Tensor x_outline = outline_of(x);
  at::Tensor out;
  try {
    OutlineGuard guard(x.device());
    TORCH_CHECK(!two || x.device() == y.device(), "tensors of two devices");
    out = layer->outline()->forward(x_outline, two ? outline_of(y) : at::Tensor());
  } catch (const c10::Error&) {
    refuse_in_recording("a layer that cannot be queued");
    env.queue.settle_open_job();
    return std::nullopt;
  }
  const bool itself = out.is_same(x_outline);
  for (const Layer::Member& member : layer->members()) env.queue.touch(member.tensor);
  const auto pending =
      itself ? PendingPtr() : c10::make_intrusive<Pending>(env.queue.open_job(), env.queue.next(), x.device());
  if (open_recording != nullptr) {
    std::vector<c10::IValue> arguments = {x.tensor};
    if (two) arguments.emplace_back(y.tensor);
    open_recording->calls.push_back({"", args.id(0), std::move(arguments), {itself ? x.tensor : out}});
  }
  env.enqueue("", [layer = layer->snapshot(), x = env.queue.use(x), y = two ? env.queue.use(y) : Input(), pending] {
    at::Tensor result = layer->forward(x.get(), y.get());
    if (pending) pending->value = std::move(result);
  });
  return js_int(env, itself ? -1 : env.put_pending_in(args[2], std::move(out), pending));
}

// moduleCopy(id, owner): the id of another module of the same kind, options and mode, with the same tensors until
// others are set.
napi_value module_copy(Environment& env, Args& args) {
  NnRoom& room = nn_room(env);
  room.layers.release_some();
  std::shared_ptr<Layer> layer = room.layers.at(args.id(0))->duplicate();
  return js_int(env, room.layers.put(env, args[1], std::move(layer)));
}

// moduleForward(id, x, result, y?): the slot of the output, which belongs to `result`; -1 where the output is x itself.
napi_value module_forward(Environment& env, Args& args) {
  NnRoom& room = nn_room(env);
  const std::shared_ptr<Layer> layer = room.layers.at(args.id(0));
  const bool two = args.size() > 3;
  if (layer->inputs() != (two ? 2 : 1)) {
    fail(code::kArgType, "the module's forward takes ", layer->inputs(), layer->inputs() == 1 ? " tensor" : " tensors");
  }
  if (env.queue.deferring()) [[unlikely]] {
    if (const auto queued = defer_forward(env, args, layer, two)) return *queued;
  }
  const at::Tensor x = args.tensor(1);
  const at::Tensor y = two ? args.tensor(3) : at::Tensor();
  wait_for(env, *layer);
  env.release_some();
  room.layers.release_some();
  at::Tensor out = layer->forward(x, y);
  if (out.is_same(x)) return js_int(env, -1);
  return js_int(env, env.put_in(args[2], std::move(out)));
}

// moduleForwardTwo(id, x): the slots of two outputs, for JavaScript to adopt.
napi_value module_forward_two(Environment& env, Args& args) {
  NnRoom& room = nn_room(env);
  const std::shared_ptr<Layer> layer = room.layers.at(args.id(0));
  const at::Tensor x = args.tensor(1);
  wait_for(env, *layer);
  env.release_some();
  room.layers.release_some();
  const auto [first, second] = layer->forward_two(x);
  const at::Tensor outputs[] = {first, second};
  return js_tensor_list(env, outputs);
}

// moduleTensors(id): [[name, isBuffer, slot or null], ...]; the slots are for JavaScript to adopt.
napi_value module_tensors(Environment& env, Args& args) {
  const std::shared_ptr<Layer> layer = nn_room(env).layers.at(args.id(0));
  const auto members = layer->members();
  Napi::Array out = Napi::Array::New(env.env(), members.size());
  for (size_t i = 0; i < members.size(); ++i) {
    Napi::Array entry = Napi::Array::New(env.env(), 3);
    entry.Set(0u, Napi::String::New(env.env(), members[i].name));
    entry.Set(1u, Napi::Boolean::New(env.env(), members[i].buffer));
    entry.Set(2u, Napi::Value(env.env(), js_tensor(env, members[i].tensor)));
    out.Set(static_cast<uint32_t>(i), entry);
  }
  return out;
}

// moduleSetTensor(id, name, slot or null)
napi_value module_set_tensor(Environment& env, Args& args) {
  const std::shared_ptr<Layer> layer = nn_room(env).layers.at(args.id(0));
  layer->set(args.string(1), args.optional_tensor(2));
  return js_undefined(env);
}

// moduleTrain(id, mode)
napi_value module_train(Environment& env, Args& args) {
  const std::shared_ptr<Layer> layer = nn_room(env).layers.at(args.id(0));
  layer->module().train(args.boolean(1));
  layer->changed();
  return js_undefined(env);
}

torch::nn::BatchNormOptions& batch_norm_options(Layer& layer) {
  auto* norm = dynamic_cast<torch::nn::BatchNorm2dImpl*>(&layer.module());
  if (norm == nullptr) fail(code::kArgType, "the module has no momentum");
  return norm->options;
}

// moduleMomentum(id): of a batch normalisation, or null
napi_value module_momentum(Environment& env, Args& args) {
  const auto momentum = batch_norm_options(*nn_room(env).layers.at(args.id(0))).momentum();
  return momentum ? js_number(env, *momentum) : js_null(env);
}

// moduleSetMomentum(id, momentum or null)
napi_value module_set_momentum(Environment& env, Args& args) {
  const std::shared_ptr<Layer> layer = nn_room(env).layers.at(args.id(0));
  batch_norm_options(*layer).momentum(args.absent(1) ? std::nullopt : std::optional<double>(args.number(1)));
  layer->changed();
  return js_undefined(env);
}

// parameterCreate(source, requiresGrad): a leaf that shares the source's storage, as Python's `Parameter(data)`.
napi_value parameter_create(Environment& env, Args& args) {
  at::Tensor leaf = args.tensor(0).detach();
  leaf.set_requires_grad(args.boolean(1));
  return js_tensor(env, leaf);
}

// modulesLive(): how many native modules this environment holds.
napi_value modules_live(Environment& env, Args&) {
  NnRoom& room = nn_room(env);
  room.layers.release_some();
  return js_number(env, static_cast<double>(room.layers.live()));
}

}  // namespace

NnRoom::~NnRoom() {
  if (room_here == this) {
    room_here = nullptr;
    room_owner = nullptr;
  }
}

NnRoom& nn_room(Environment& env) {
  if (room_owner != &env) [[unlikely]] {
    room_here = &env.room<NnRoom>();
    room_owner = &env;
  }
  return *room_here;
}

void register_nn(Environment& env, napi_value exports) {
  env.on_release([&env] { nn_room(env).layers.release_some(); });
  define<module_create>(env, exports, "moduleCreate");
  define<module_copy>(env, exports, "moduleCopy");
  define<module_forward>(env, exports, "moduleForward");
  define<module_forward_two>(env, exports, "moduleForwardTwo");
  define<module_tensors>(env, exports, "moduleTensors");
  define<module_set_tensor>(env, exports, "moduleSetTensor");
  define<module_train>(env, exports, "moduleTrain");
  define<module_momentum>(env, exports, "moduleMomentum");
  define<module_set_momentum>(env, exports, "moduleSetMomentum");
  define<modules_live>(env, exports, "modulesLive");
  define<parameter_create>(env, exports, "parameterCreate");
}

}  // namespace ltn
