// SPDX-License-Identifier: Apache-2.0
//
// Models with initializers that are inputs as well: a run may give them, and else they are
// constants, with all that follows from them folded and packed.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "runtime/onnx/executor.h"

namespace tenon::runtime::onnx_import {

class ModelWithDefaults final : public Model {
 public:
  // `plain` is the model when nothing is given; `bytes` are read again when something is.
  ModelWithDefaults(Context& context, ManagedDevice& device, ModelBytes bytes,
                    std::string base_folder, std::shared_ptr<Executor> plain);

  const std::vector<ModelValue>& inputs() const override { return plain_->inputs(); }
  const std::vector<ModelValue>& outputs() const override { return plain_->outputs(); }
  std::vector<HostTensor> run(const std::map<std::string, HostTensor>& inputs) override;
  // Both of the form of the model that ran last.
  std::vector<PlacementRow> placement() const override { return latest()->placement(); }
  ModelStatistics statistics() const override { return latest()->statistics(); }

 private:
  std::shared_ptr<Executor> latest() const;
  // The model with these initializers as inputs.
  std::shared_ptr<Executor> prepared_for(const std::set<std::string>& given);

  Context& context_;
  ManagedDevice& device_;
  const ModelBytes bytes_;
  const std::string base_folder_;
  const std::shared_ptr<Executor> plain_;
  mutable std::mutex mutex_;
  // For the initializers that were given last; another choice takes its place.
  std::set<std::string> given_;
  std::shared_ptr<Executor> overriding_;
  std::shared_ptr<Executor> latest_;
};

}  // namespace tenon::runtime::onnx_import
