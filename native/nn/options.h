// Reads a layer's options from JavaScript. A row names each option once, where it reads it: its type, whether it is
// required, its default; `done` then refuses what nobody read.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <array>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "core/guard.h"

namespace ltn {

// Where a layer's parameters are made, if not where new tensors are made anyway.
struct Factory {
  std::optional<c10::ScalarType> dtype;
  std::optional<c10::Device> device;
  bool plain() const { return !dtype && !device; }
};

class LayerOptions {
 public:
  using Pair = std::array<int64_t, 2>;

  // `tensors` has the slots of those options that are tensors.
  LayerOptions(Environment& env, std::string kind, Napi::Object values, Napi::Object tensors)
      : env_(env), kind_(std::move(kind)), values_(values), tensors_(tensors) {}

  const std::string& kind() const { return kind_; }

  int64_t integer(const char* name, std::optional<int64_t> fallback = {});
  std::optional<int64_t> integer_or_null(const char* name, std::optional<int64_t> fallback);
  double number(const char* name, std::optional<double> fallback = {});
  std::optional<double> number_or_null(const char* name, std::optional<double> fallback);
  bool flag(const char* name, bool fallback);
  // One integer for both, or two.
  Pair pair(const char* name, std::optional<Pair> fallback = {});
  bool is_string(const char* name);
  std::string word(const char* name, const char* fallback, std::initializer_list<const char*> choices);
  at::Tensor tensor(const char* name);
  bool null(const char* name);  // given as null
  Factory factory();

  void done();

 private:
  Napi::Value read(const char* name);
  [[noreturn]] void wrong(const char* name, const char* expected, Napi::Value got);
  [[noreturn]] void missing(const char* name);
  std::optional<int64_t> as_integer(Napi::Value value);

  Environment& env_;
  std::string kind_;
  Napi::Object values_;
  Napi::Object tensors_;
  std::vector<std::string> known_;
};

}  // namespace ltn
