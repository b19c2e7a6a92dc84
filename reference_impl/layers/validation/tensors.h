// SPDX-License-Identifier: Apache-2.0
//
// Which bytes of which buffers a call is about, and what other calls have to do with them.
#pragma once

#include <vector>

#include "reference_impl/layers/validation/checked_call.h"

namespace tenon::layers::validation {

// Bytes of a buffer that queued work will read or write.
struct Access {
  std::shared_ptr<BufferRecord> buffer;  // NULL for one that an extension made: not followed.
  uint64_t begin = 0;
  uint64_t end = 0;
  bool writes = false;
  bool exact = true;  // See Use.
  std::string name;   // Of the argument.
};

// A plain range. False when the call is refused: `rule` is the one that ranges of this function
// break.
bool locate_range(CheckedCall& call, tn_buffer* buffer, uint64_t offset, uint64_t size, bool writes,
                  const char* rule, const char* name, std::vector<Access>* accesses);

// A tensor on the device. One without elements adds nothing.
bool locate_tensor(CheckedCall& call, const tn_tensor& tensor, bool writes, const Path& path,
                   std::vector<Access>* accesses);

// rank within 0 and TN_MAX_RANK, dims there and not negative. In a description they may be NULL,
// and TN_DYNAMIC.
enum class Dims { kActual, kDescribed };
bool check_dims(CheckedCall& call, int32_t rank, const int64_t* dims, const Path& path,
                Dims kind = Dims::kActual);

// The bytes of a tensor with these dims, TN_DYNAMIC ones left out, can be counted.
bool check_bytes(CheckedCall& call, int32_t rank, const int64_t* dims, tn_dtype dtype,
                 const Path& path);

// The bytes of a dense row-major tensor whose dims have passed.
uint64_t dense_bytes(tn_dtype dtype, int32_t rank, const int64_t* dims);

// A tensor in host memory: there, unless it has no elements.
bool check_host_tensor(CheckedCall& call, const tn_tensor& tensor, const Path& path);

// Whether both are known to share bytes.
bool overlap(const Access& a, const Access& b);

// Before the call: mapped ranges refuse it, work of other streams without an event between is
// reported.
bool check_order(CheckedCall& call, tn_stream* stream, const std::vector<Access>& accesses);
// After it succeeded; the work's place.
Point note_work(CheckedCall& call, tn_stream* stream, const std::vector<Access>& accesses);

}  // namespace tenon::layers::validation
