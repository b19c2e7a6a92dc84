// SPDX-License-Identifier: Apache-2.0
#include "runtime/onnx/recording_uses.h"

namespace tenon::runtime::onnx_import {

RecordingUses::RecordingUses(Recording& recording)
    : users_(recording.values().size()), makers_(recording.values().size(), kNoCall) {
  const auto use = [&](const RecordedArgument& argument, size_t by) {
    if (argument.value != kNotRecorded) users_of(argument).push_back(by);
  };
  for (size_t i = 0; i < recording.calls().size(); ++i) {
    for (const RecordedArgument& input : recording.calls()[i].inputs) use(input, i);
    for (const RecordedArgument& output : recording.calls()[i].outputs) {
      if (output.value != kNotRecorded) makers_[static_cast<size_t>(output.value)] = i;
    }
  }
  for (const Recording::Output& output : recording.outputs()) use(output.argument, kModelEnd);
}

void drop_calls(Recording& recording, const std::vector<bool>& gone) {
  std::vector<RecordedCall>& calls = recording.calls();
  size_t kept = 0;
  for (size_t i = 0; i < calls.size(); ++i) {
    if (gone[i]) continue;
    if (kept != i) calls[kept] = std::move(calls[i]);
    ++kept;
  }
  calls.erase(calls.begin() + static_cast<std::ptrdiff_t>(kept), calls.end());
}

}  // namespace tenon::runtime::onnx_import
