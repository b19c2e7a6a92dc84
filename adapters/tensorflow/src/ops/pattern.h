// SPDX-License-Identifier: Apache-2.0
//
// Shapes of table rows that many ops share.
#pragma once

#include <string>
#include <utility>

#include "ops/registration.h"

namespace tenon::tensorflow {

// A row for an op without attributes that matter: what it does is one function.
inline Row plain_row(const char* op, const Types& types, Compute compute) {
  return {op, {{"T", types}}, {}, [compute = std::move(compute)](const Node&) { return compute; }};
}

// Y = f(X), in place where possible.
inline Row unary_row(const char* op, const char* operation, const Types& types) {
  return {op, {{"T", types}}, {}, [operation](const Node&) -> Compute {
            return [f = runtime::Operation(operation)](NodeCall& call) {
              const View x = call.input(0);
              call.run(f, {x}, {call.output_in_place(0, x.dtype, x.dims, {0})});
            };
          }};
}

// Y = f(A, B) with broadcasting.
inline Row binary_row(const char* op, const char* operation, const Types& types) {
  return {op, {{"T", types}}, {}, [operation](const Node&) -> Compute {
            return [f = runtime::Operation(operation)](NodeCall& call) {
              const View a = call.input(0);
              const View b = call.input(1);
              const Dims dims = broadcast_dims(a.dims, b.dims);
              const View y = call.output_in_place(0, a.dtype, dims, {0, 1});
              call.run(f, {a, b}, {y});
            };
          }};
}

}  // namespace tenon::tensorflow
