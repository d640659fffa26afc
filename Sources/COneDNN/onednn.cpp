#include "COneDNN.h"

#if __has_include(<dnnl.hpp>)
#include <dlfcn.h>

#include <cstdio>
#include <cstring>
#include <dnnl.hpp>
#include <exception>
#include <map>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace {

dnnl::engine &engine() {
  static dnnl::engine e(dnnl::engine::kind::cpu, 0);
  return e;
}

struct ByBytes {
  bool operator()(const CODProduct &a, const CODProduct &b) const { return std::memcmp(&a, &b, sizeof a) < 0; }
};

/// A compiled product with the memory objects that its calls reuse.
struct Compiled {
  dnnl::matmul primitive;
  std::unordered_map<int, dnnl::memory> arguments;
  std::vector<char> scratch;
};

/// What a thread has compiled. Our threads are the only level of parallelism: OpenMP inside a product gets one.
struct Worker {
  dnnl::stream stream{engine()};
  std::map<CODProduct, Compiled, ByBytes> compiled;
  std::string problem;
  Worker() {
    if (auto set = reinterpret_cast<void (*)(int)>(dlsym(RTLD_DEFAULT, "omp_set_num_threads"))) set(1);
  }
};

Compiled compile(const CODProduct &p) {
  using dnnl::memory;
  const auto bf16 = memory::data_type::bf16;
  memory::desc a({p.m, p.k}, bf16, p.transposeA ? memory::dims{1, p.lda} : memory::dims{p.lda, 1});
  memory::desc b({p.k, p.n}, bf16, p.transposeB ? memory::dims{1, p.ldb} : memory::dims{p.ldb, 1});
  memory::desc c({p.m, p.n}, p.bfloat16Result ? bf16 : memory::data_type::f32, memory::dims{p.ldc, 1});
  dnnl::post_ops post;
  if (p.accumulate) post.append_sum(1.0f);
  if (p.relu) post.append_eltwise(1.0f, dnnl::algorithm::eltwise_relu, 0.0f, 0.0f);
  dnnl::primitive_attr attributes;
  attributes.set_post_ops(post);
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  dnnl::matmul::primitive_desc description({a, b, c}, attributes, engine());
  Compiled result;
  result.primitive = dnnl::matmul(description);
  result.scratch.resize(description.scratchpad_desc().get_size() + 64);
  result.arguments = {{DNNL_ARG_SRC, memory(a, engine(), nullptr)},
                      {DNNL_ARG_WEIGHTS, memory(b, engine(), nullptr)},
                      {DNNL_ARG_DST, memory(c, engine(), nullptr)},
                      {DNNL_ARG_SCRATCHPAD, memory(description.scratchpad_desc(), engine(), nullptr)}};
  auto aligned = (reinterpret_cast<uintptr_t>(result.scratch.data()) + 63) / 64 * 64;
  result.arguments[DNNL_ARG_SCRATCHPAD].set_data_handle(reinterpret_cast<void *>(aligned));
  return result;
}

std::string config;

}  // namespace

const char *cod_load(void) {
  static const char *problem = [] {
    try {
      const auto isa = dnnl::get_effective_cpu_isa();
      const bool fast = isa == dnnl::cpu_isa::avx512_core_bf16 || isa == dnnl::cpu_isa::avx512_core_amx;
      const auto version = dnnl::version();
      char text[96];
      std::snprintf(text, sizeof text, "oneDNN %d.%d.%d, %s", version->major, version->minor, version->patch,
                    fast ? "avx512 bf16" : "no bf16 instructions");
      config = text;
      if (!fast)
        return "precision: bf16 needs a processor with AVX-512 bfloat16 instructions; use f32 here";
      return static_cast<const char *>(nullptr);
    } catch (const std::exception &) {
      return "oneDNN does not start on this machine; use precision: f32";
    }
  }();
  return problem;
}

const char *cod_config(void) {
  cod_load();
  return config.c_str();
}

const char *cod_multiply(const CODProduct *product, const uint16_t *a, const uint16_t *b, void *c) {
  thread_local Worker worker;
  try {
    auto found = worker.compiled.find(*product);
    if (found == worker.compiled.end()) found = worker.compiled.emplace(*product, compile(*product)).first;
    auto &arguments = found->second.arguments;
    arguments[DNNL_ARG_SRC].set_data_handle(const_cast<uint16_t *>(a));
    arguments[DNNL_ARG_WEIGHTS].set_data_handle(const_cast<uint16_t *>(b));
    arguments[DNNL_ARG_DST].set_data_handle(c);
    found->second.primitive.execute(worker.stream, arguments);
    worker.stream.wait();
    return nullptr;
  } catch (const std::exception &error) {
    worker.problem = error.what();
    return worker.problem.c_str();
  }
}

#else  // no oneDNN when this was built

const char *cod_load(void) {
  return "this program was built without oneDNN: install libdnnl-dev and build again, or use precision: f32";
}
const char *cod_config(void) { return ""; }
const char *cod_multiply(const CODProduct *, const uint16_t *, const uint16_t *, void *) { return cod_load(); }

#endif
