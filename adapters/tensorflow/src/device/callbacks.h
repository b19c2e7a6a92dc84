// SPDX-License-Identifier: Apache-2.0
//
// TensorFlow's table of stream-executor callbacks, filled a topic a file. TensorFlow ends the
// process when one of them is missing, so every slot is filled.
#pragma once

#include "tensorflow/c/experimental/stream_executor/stream_executor.h"

namespace tenon::tensorflow {

void add_memory_callbacks(SP_StreamExecutor* executor);  // memory.cc
void add_copy_callbacks(SP_StreamExecutor* executor);    // copies.cc
void add_stream_callbacks(SP_StreamExecutor* executor);  // streams.cc
void add_timer_callbacks(SP_StreamExecutor* executor);   // timer.cc
uint64_t timer_nanoseconds(SP_Timer timer);              // timer.cc

}  // namespace tenon::tensorflow
