// `compile`: recordings of a forward, plans of fused blocks, and what runs them.
#pragma once

#include <memory>
#include <mutex>

#include "core/guard.h"
#include "core/handles.h"
#include "graph/predictor.h"
#include "graph/trainer.h"

namespace ltn {

// A plan and what runs it; one caller at a time.
struct Network {
  explicit Network(graph::Plan&& made) : plan(std::move(made)), predictor(plan) {}
  std::mutex mutex;
  graph::Plan plan;
  graph::Predictor predictor;
  std::unique_ptr<graph::Trainer> trainer;  // where it is one to train
};

using NetworkPtr = std::shared_ptr<Network>;

struct GraphRoom {
  HandleTable<NetworkPtr> networks{"network"};
};

// Of the first argument, its id.
inline NetworkPtr network_at(Environment& env, Args& args) { return env.room<GraphRoom>().networks.at(args.id(0)); }

graph::Stage read_stage(Environment& env, Napi::Object values);
const char* activation_name(graph::Activation activation, graph::Function function);  // empty for none

void register_graph(Environment& env, napi_value exports);
void register_training(Environment& env, napi_value exports);
void register_describe(Environment& env, napi_value exports);
void register_cuda_predict(Environment& env, napi_value exports);
void register_cuda_train(Environment& env, napi_value exports);
void register_recordings(Environment& env, napi_value exports);

}  // namespace ltn
