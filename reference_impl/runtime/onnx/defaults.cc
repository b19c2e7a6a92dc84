// SPDX-License-Identifier: Apache-2.0
#include "runtime/onnx/defaults.h"

namespace tenon::runtime::onnx_import {

ModelWithDefaults::ModelWithDefaults(Context& context, ManagedDevice& device, ModelBytes bytes,
                                     std::string base_folder, std::shared_ptr<Executor> plain)
    : context_(context),
      device_(device),
      bytes_(std::move(bytes)),
      base_folder_(std::move(base_folder)),
      plain_(std::move(plain)),
      latest_(plain_) {}

std::shared_ptr<Executor> ModelWithDefaults::latest() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return latest_;
}

std::shared_ptr<Executor> ModelWithDefaults::prepared_for(const std::set<std::string>& given) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (given.empty()) return latest_ = plain_;
  if (overriding_ == nullptr || given != given_) {
    overriding_ =
        std::make_shared<Executor>(context_, device_, import_model(bytes_, base_folder_, given));
    given_ = given;
  }
  return latest_ = overriding_;
}

std::vector<HostTensor> ModelWithDefaults::run(const std::map<std::string, HostTensor>& inputs) {
  std::set<std::string> given;
  for (const std::string& name : plain_->defaults())
    if (inputs.contains(name)) given.insert(name);
  return prepared_for(given)->run(inputs);
}

}  // namespace tenon::runtime::onnx_import
