// SPDX-License-Identifier: Apache-2.0
//
// A host on the runtime: prints a line of each plugin that does not serve and why, and uses the
// reference device.
#include <cstdio>

#include "runtime/context.h"
#include "tenon/tenon.hpp"

int main() {
  const auto context = tenon::runtime::Context::create();
  for (const tenon::runtime::DeviceListing& row : context->listing()) {
    if (!row.reason.empty()) std::printf("%s: %s\n", row.plugin.c_str(), row.reason.c_str());
  }
  std::printf("%s works\n", context->open("cpu").spec().c_str());
  return 0;
}
