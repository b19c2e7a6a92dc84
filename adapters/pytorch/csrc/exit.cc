// SPDX-License-Identifier: Apache-2.0
#include "exit.h"

#include <torch/csrc/autograd/engine.h>

namespace tenon::pytorch {

void stop_autograd() { torch::autograd::Engine::get_default_engine().stop(); }

}  // namespace tenon::pytorch
