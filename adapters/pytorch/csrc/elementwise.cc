// SPDX-License-Identifier: Apache-2.0
#include "elementwise.h"

#include <c10/core/DefaultDtype.h>

namespace tenon::pytorch {
namespace {

// Of a tenon device, strided and dense row-major.
inline bool plain(const c10::TensorImpl* impl) {
  return impl->device_type() == kTenon && impl->is_contiguous();
}

// `out` is made like `self`, or is a plain tensor that is one of the inputs or apart from them.
inline bool prepare(const Tensor& self, const Tensor& other, Tensor& out, ScalarType type) {
  if (!out.defined()) {
    out = make_tensor(self.sizes(), type, self.device());
    return true;
  }
  const auto* impl = out.unsafeGetTensorImpl();
  const auto apart = [&](const Tensor& input) {
    return out.is_same(input) ||
           impl->unsafe_storage().data() != input.unsafeGetTensorImpl()->unsafe_storage().data();
  };
  return plain(impl) && out.scalar_type() == type && out.sizes() == self.sizes() &&
         out.device() == self.device() && apart(self) && apart(other);
}

}  // namespace

void TensorOrNumber::add_to(OperatorCall& call, ScalarType type, std::vector<Tensor>& casts) const {
  if (!tensor_) {
    call.scalar(number_, type);
  } else if (tensor_->scalar_type() == type || !on_tenon(*tensor_)) {
    call.operand(*tensor_, type);
  } else {
    casts.push_back(as_type(*tensor_, type));
    call.input(casts.back());
  }
}

void elementwise(const runtime::Operation& op, std::initializer_list<TensorOrNumber> operands,
                 ScalarType compute, const Tensor& out, ScalarType result) {
  if (out.numel() == 0) return;
  std::vector<Tensor> casts;
  OperatorCall call(op, out);
  for (const TensorOrNumber& operand : operands) operand.add_to(call, compute, casts);
  if (out.scalar_type() == result) {
    call.output(out).run();
    return;
  }
  const Tensor made = make_like(out, result);
  call.output(made).run();
  assign(out, made);
}

void elementwise_where(const Tensor& condition, const TensorOrNumber& a, const TensorOrNumber& b,
                       ScalarType compute, const Tensor& out) {
  if (out.numel() == 0) return;
  std::vector<Tensor> casts;
  OperatorCall call(operation<"Where">(), out);
  TensorOrNumber(condition).add_to(call, ScalarType::Bool, casts);
  a.add_to(call, compute, casts);
  b.add_to(call, compute, casts);
  if (out.scalar_type() == compute) {
    call.output(out).run();
    return;
  }
  const Tensor made = make_like(out, compute);
  call.output(made).run();
  assign(out, made);
}

ScalarType float_type(ScalarType type) {
  return c10::isFloatingType(type) ? type : c10::typeMetaToScalarType(c10::get_default_dtype());
}

bool fast_unary(const runtime::Operation& op, const Tensor& self, Tensor& out) {
  const auto* impl = self.unsafeGetTensorImpl();
  const ScalarType type = self.scalar_type();
  if (!plain(impl) || !c10::isFloatingType(type) || !computable(type) || impl->numel() == 0 ||
      !prepare(self, self, out, type))
    return false;
  const tn_dtype dtype = to_tenon(type);
  const auto index = impl->device().index();
  const runtime::Argument input = device_argument(impl, dtype);
  const runtime::Argument output = device_argument(out.unsafeGetTensorImpl(), dtype);
  translated([&] { device(index).run(op, {&input, 1}, {&output, 1}, current_stream(index)); });
  return true;
}

bool fast_binary(const runtime::Operation& op, const Tensor& a, const Tensor& b, Tensor& out,
                 bool to_bool) {
  const auto* left = a.unsafeGetTensorImpl();
  const auto* right = b.unsafeGetTensorImpl();
  const ScalarType type = a.scalar_type();
  if (right->is_wrapped_number() && right->device_type() == c10::DeviceType::CPU) {
    // A Python number beside a float tensor takes the tensor's type.
    if (!plain(left) || !c10::isFloatingType(type) || !computable(type) || left->numel() == 0 ||
        c10::isComplexType(b.scalar_type()) ||
        !prepare(a, a, out, to_bool ? ScalarType::Bool : type))
      return false;
    OperatorCall(op, a).input(a).operand(b, type).output(out).run();
    return true;
  }
  if (type != b.scalar_type() || !plain(left) || !plain(right) ||
      left->device() != right->device() || left->sizes() != right->sizes() || left->numel() == 0 ||
      type == ScalarType::Bool || !computable(type) ||
      !prepare(a, b, out, to_bool ? ScalarType::Bool : type))
    return false;
  const tn_dtype dtype = to_tenon(type);
  const auto index = left->device().index();
  const runtime::Argument inputs[] = {device_argument(left, dtype), device_argument(right, dtype)};
  const runtime::Argument output =
      device_argument(out.unsafeGetTensorImpl(), to_bool ? TN_BOOL : dtype);
  translated([&] { device(index).run(op, inputs, {&output, 1}, current_stream(index)); });
  return true;
}

}  // namespace tenon::pytorch
