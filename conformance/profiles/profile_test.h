// SPDX-License-Identifier: Apache-2.0
//
// Tests that a profile asks for beside those of its operators: what several operators of one device
// must give together. One for each element type that the device claims for all of them.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "suite/fixture.h"

namespace tenon::conformance {

inline const std::vector<tn_dtype> kProfileFloats = {TN_FLOAT32, TN_FLOAT16, TN_BFLOAT16,
                                                     TN_FLOAT64};

struct Given {
  HostTensor value;
  tn_argument_kind kind = TN_ARGUMENT_DEVICE;

  // NOLINTNEXTLINE(google-explicit-constructor): a value on the device is what most inputs are.
  Given(HostTensor on_device) : value(std::move(on_device)) {}
  Given(HostTensor value_in, tn_argument_kind kind_in)
      : value(std::move(value_in)), kind(kind_in) {}
};

inline Given on_host(tn_dtype dtype, Real value) {
  return {HostTensor::scalar(dtype, value), TN_ARGUMENT_HOST};
}
inline Given absent() { return {HostTensor(), TN_ARGUMENT_ABSENT}; }

struct Wanted {
  tn_dtype dtype = TN_FLOAT32;
  Shape dims;
  int32_t alias = 0;  // 1 + the input that it replaces.
};

class ProfileTest : public DeviceTest {
 public:
  using Body = void (*)(ProfileTest&);
  ProfileTest(tn_dtype type, Body body) : type(type), body_(body) {}
  void TestBody() override {
    RecordProperty("dtype", dtype_name(type));
    body_(*this);
  }

  // Dense, of known dims, as aligned as the device asks. Throws where it refuses. "tenon.Fill"
  std::vector<HostTensor> run(const std::string& name, const std::vector<Given>& inputs,
                              const std::vector<Wanted>& outputs,
                              const std::vector<Attribute>& attributes = {});
  HostTensor run_one(const std::string& name, const std::vector<Given>& inputs, tn_dtype dtype,
                     const Shape& dims, const std::vector<Attribute>& attributes = {}) {
    return run(name, inputs, {{dtype, dims}}, attributes)[0];
  }

  HostTensor random(Shape dims, uint32_t seed, Real low = -2, Real high = 2) const {
    return HostTensor::random(type, std::move(dims), low, high, seed);
  }

  const tn_dtype type;

 private:
  Body body_;
};

// One operator with one of its types.
struct Needed {
  std::string name;
  tn_dtype dtype = TN_DTYPE_UNDEFINED;  // Undefined: the type in question.
};

// Registers a test for each type whose operators the device claims; "Training/float32.TN_...".
void register_profile_test(const std::string& suite, const std::vector<tn_dtype>& types,
                           const std::string& name, const std::vector<Needed>& needed,
                           ProfileTest::Body body);

// All of this folder. The target has been opened, or knows the device's table.
void register_profile_tests();
void register_random_tests();
void register_gradient_tests();
void register_decomposition_tests();
void register_quantized_tests();

}  // namespace tenon::conformance
