#include "jobs/jobs.h"

#include "core/capture.h"
#include "core/handles.h"
#include "core/outline.h"

namespace ltn {

namespace {

struct JobsRoom {
  HandleTable<std::shared_ptr<Job>> jobs{"job"};
};

HandleTable<std::shared_ptr<Job>>& table(Environment& env) { return env.room<JobsRoom>().jobs; }

// jobCreate(owner): the id of a job that lives as long as `owner`.
napi_value create(Environment& env, Args& args) {
  table(env).release_some();
  return js_int(env, table(env).put(env, args[0], std::make_shared<Job>()));
}

// jobEnter(id): until the matching jobLeave, operators, layers, backward and optimizers are queued for this job.
napi_value enter(Environment& env, Args& args) {
  if (capturing) fail(code::kCudaCapture, "work on the package's own thread cannot be part of a CUDA graph");
  env.queue.enter(table(env).at(args.id(0)));
  return js_undefined(env);
}

napi_value leave(Environment& env, Args&) {
  env.queue.leave();
  return js_undefined(env);
}

// jobLast(id): the sequence of the job's last task so far, 0 before the first.
napi_value last(Environment& env, Args& args) {
  return js_number(env, static_cast<double>(table(env).at(args.id(0))->last));
}

// jobNotify(sequence, callback): calls back from the event loop once this task and all before it are done.
napi_value notify(Environment& env, Args& args) {
  env.queue.notify(static_cast<uint64_t>(args.int64(0)), args[1]);
  return js_undefined(env);
}

// jobCheck(id): throws what the job's first failed task threw, if one has failed by now.
napi_value check(Environment& env, Args& args) {
  Queue::rethrow(*table(env).at(args.id(0)));
  return js_undefined(env);
}

// jobTracer(trace): `trace(sequence)` is called for each task as it is queued.
napi_value set_tracer(Environment& env, Args& args) {
  env.set_tracer(args[0]);
  return js_undefined(env);
}

}  // namespace

void register_jobs(Environment& env, napi_value exports) {
  register_outline_kernels();
  define<create>(env, exports, "jobCreate");
  define<enter>(env, exports, "jobEnter");
  define<leave>(env, exports, "jobLeave");
  define<last>(env, exports, "jobLast");
  define<notify>(env, exports, "jobNotify");
  define<check>(env, exports, "jobCheck");
  define<set_tracer>(env, exports, "jobTracer");
}

}  // namespace ltn
