// SPDX-License-Identifier: Apache-2.0
//
// Streams: order, waits, failures, copies and callbacks.
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "conformance/mutants/liar.h"

namespace tenon::liar {
namespace {

Kept<tn_stream*, tn_device*> devices;

tn_status TN_CALL create_and_keep(tn_device* device, const tn_stream_desc* desc, tn_stream** stream,
                                  tn_error* error) {
  const tn_status status = sound().stream_create(device, desc, stream, error);
  if (status == TN_OK) devices.put(*stream, device);
  return status;
}

// Something done on a stream of its own, so behind nothing, and finished.
template <class Work>
tn_status out_of_order(tn_stream* stream, Work work) {
  tn_stream* other = nullptr;
  const tn_status made = sound().stream_create(devices.get(stream), nullptr, &other, nullptr);
  if (made != TN_OK) return made;
  const tn_status status = work(other);
  sound().stream_synchronize(other, nullptr);
  sound().stream_destroy(other);
  return status;
}

}  // namespace

TN_LIAR(synchronize_does_not_wait) {
  table.stream_synchronize = [](tn_stream*, tn_error*) -> tn_status { return TN_OK; };
}

TN_LIAR(query_always_ok) {
  table.stream_query = [](tn_stream*, tn_error*) -> tn_status { return TN_OK; };
}

TN_LIAR(query_never_ok) {
  table.stream_query = [](tn_stream*, tn_error*) -> tn_status { return TN_NOT_READY; };
}

TN_LIAR(lost_failure) { table.stream_synchronize = sound().stream_reset; }

TN_LIAR(query_hides_the_failure) {
  table.stream_query = [](tn_stream* stream, tn_error*) {
    const tn_status status = sound().stream_query(stream, nullptr);
    return status == TN_NOT_READY ? status : static_cast<tn_status>(TN_OK);
  };
}

TN_LIAR(device_hides_the_failure) {
  forgive<&tn_dispatch::device_synchronize, TN_INVALID_ARGUMENT>(table);
}

TN_LIAR(reset_keeps_the_failure) { table.stream_reset = sound().stream_synchronize; }
TN_LIAR(reset_hides_the_failure) {
  forgive<&tn_dispatch::stream_reset, TN_INVALID_ARGUMENT>(table);
}

TN_LIAR(work_behind_a_failure_runs) {
  table.stream_create = create_and_keep;
  table.stream_fill = [](tn_stream* stream, tn_buffer* dst, uint64_t offset, uint64_t size,
                         const void* pattern, size_t pattern_size, tn_error* error) {
    const tn_status status =
        sound().stream_fill(stream, dst, offset, size, pattern, pattern_size, error);
    if (status == TN_OK) {
      out_of_order(stream, [&](tn_stream* other) {
        return sound().stream_fill(other, dst, offset, size, pattern, pattern_size, nullptr);
      });
    }
    return status;
  };
}

// Once one stream has failed, so has each other.
TN_LIAR(failure_reaches_every_stream) {
  static std::atomic<tn_status> failure{TN_OK};
  table.stream_synchronize = [](tn_stream* stream, tn_error* error) -> tn_status {
    tn_status status = sound().stream_synchronize(stream, error);
    if (status != TN_OK) failure = status;
    if (status == TN_OK && failure != TN_OK) {
      status = plugin::set_error(error, failure, nullptr, "some stream has failed");
    }
    return status;
  };
  table.kernel_launch = [](tn_kernel* kernel, tn_stream* stream, const tn_launch* launch,
                           tn_error* error) {
    const tn_status status = sound().kernel_launch(kernel, stream, launch, error);
    const tn_status late = sound().stream_synchronize(stream, nullptr);
    if (late != TN_OK) failure = late;
    return status;
  };
}

TN_LIAR(later_failure_replaces_the_first) {
  table.stream_synchronize = [](tn_stream* stream, tn_error* error) -> tn_status {
    static std::atomic<int> calls{0};
    const tn_status status = sound().stream_synchronize(stream, error);
    if (status == TN_OK) return status;
    return plugin::set_error(error, status, nullptr, "failure number %d", ++calls);
  };
}

TN_LIAR(reads_out_of_order) {
  table.stream_create = create_and_keep;
  table.stream_read = [](tn_stream* stream, void* dst, tn_buffer* src, uint64_t src_offset,
                         uint64_t size, tn_error* error) {
    return out_of_order(stream, [&](tn_stream* other) {
      return sound().stream_read(other, dst, src, src_offset, size, error);
    });
  };
}

TN_LIAR(copy_beyond_the_range) {
  table.stream_copy = [](tn_stream* stream, tn_buffer* dst, uint64_t dst_offset, tn_buffer* src,
                         uint64_t src_offset, uint64_t size, tn_error* error) {
    const tn_status status =
        sound().stream_copy(stream, dst, dst_offset, src, src_offset, size, error);
    if (status == TN_OK && size % 16 != 0) {
      sound().stream_copy(stream, dst, dst_offset, src, src_offset, size + 16 - size % 16, nullptr);
    }
    return status;
  };
}

TN_LIAR(no_copy_within_a_buffer) {
  table.stream_copy = [](tn_stream* stream, tn_buffer* dst, uint64_t dst_offset, tn_buffer* src,
                         uint64_t src_offset, uint64_t size, tn_error* error) {
    if (dst != src || size == 0) {
      return sound().stream_copy(stream, dst, dst_offset, src, src_offset, size, error);
    }
    return plugin::set_error(error, TN_OVERLAP, nullptr, "source and target are one buffer");
  };
}

TN_LIAR(overlapping_copy_accepted) { forgive<&tn_dispatch::stream_copy, TN_OVERLAP>(table); }

TN_LIAR(ranges_beyond_buffers_accepted) {
  forgive<&tn_dispatch::stream_copy, TN_OUT_OF_RANGE>(table);
  forgive<&tn_dispatch::stream_write, TN_OUT_OF_RANGE>(table);
  forgive<&tn_dispatch::stream_read, TN_OUT_OF_RANGE>(table);
  forgive<&tn_dispatch::stream_fill, TN_OUT_OF_RANGE>(table);
}

TN_LIAR(fill_takes_one_byte) {
  table.stream_fill = [](tn_stream* stream, tn_buffer* dst, uint64_t offset, uint64_t size,
                         const void* pattern, size_t pattern_size, tn_error* error) {
    const tn_status status =
        sound().stream_fill(stream, dst, offset, size, pattern, pattern_size, error);
    if (status == TN_OK) sound().stream_fill(stream, dst, offset, size, pattern, 1, nullptr);
    return status;
  };
}

TN_LIAR(any_pattern_accepted) { forgive<&tn_dispatch::stream_fill, TN_INVALID_ARGUMENT>(table); }

TN_LIAR(stream_description_needed) {
  table.stream_create = [](tn_device* device, const tn_stream_desc* desc, tn_stream** stream,
                           tn_error* error) {
    if (desc != nullptr) return sound().stream_create(device, desc, stream, error);
    *stream = nullptr;
    return plugin::set_error(error, TN_INVALID_ARGUMENT, nullptr, "desc is NULL");
  };
}

TN_LIAR(priority_refused) {
  table.stream_create = [](tn_device* device, const tn_stream_desc* desc, tn_stream** stream,
                           tn_error* error) {
    const tn_status status = sound().stream_create(device, desc, stream, error);
    if (status != TN_OK || !whole(desc) || (desc->priority > -1000 && desc->priority < 1000)) {
      return status;
    }
    sound().stream_destroy(*stream);
    *stream = nullptr;
    return plugin::set_error(error, TN_OUT_OF_RANGE, nullptr, "there are not as many priorities");
  };
}

TN_LIAR(streams_leak) {
  // The handle alone: its thread and its queue end.
  table.stream_destroy = [](tn_stream* stream) {
    sound().stream_destroy(stream);
    static std::vector<std::vector<char>> kept;
    static std::mutex lock;
    const std::lock_guard guard(lock);
    kept.emplace_back(200);
  };
}

TN_LIAR(foreign_buffer_accepted) { forgive<&tn_dispatch::stream_copy, TN_INVALID_ARGUMENT>(table); }

// -- Callbacks --

namespace {

struct Callback {
  tn_callback function;
  void* user;
};

template <auto call>
tn_status TN_CALL queue(tn_stream* stream, tn_callback callback, void* user, tn_error* error) {
  if (callback == nullptr) return sound().stream_callback(stream, callback, user, error);
  const auto own = [](void* given, tn_status status, const tn_error* failure) {
    const auto* const kept = static_cast<const Callback*>(given);
    call(*kept, status, failure);
    delete kept;
  };
  return sound().stream_callback(stream, own, new Callback{callback, user}, error);
}

}  // namespace

TN_LIAR(callback_twice) {
  table.stream_callback = queue<[](const Callback& one, tn_status status, const tn_error* error) {
    one.function(one.user, status, error);
    one.function(one.user, status, error);
  }>;
}

TN_LIAR(callback_never) {
  table.stream_callback = queue<[](const Callback&, tn_status, const tn_error*) {}>;
}

TN_LIAR(callback_with_success) {
  table.stream_callback = queue<[](const Callback& one, tn_status, const tn_error*) {
    one.function(one.user, TN_OK, nullptr);
  }>;
}

TN_LIAR(callback_with_an_error) {
  table.stream_callback = queue<[](const Callback& one, tn_status status, const tn_error* error) {
    const tn_error nothing = TN_ERROR_INIT;
    one.function(one.user, status, error != nullptr ? error : &nothing);
  }>;
}

TN_LIAR(callback_not_behind_a_failure) {
  table.stream_callback = queue<[](const Callback& one, tn_status status, const tn_error* error) {
    if (status == TN_OK) one.function(one.user, status, error);
  }>;
}

TN_LIAR(callback_too_early) {
  table.stream_callback = [](tn_stream* stream, tn_callback callback, void* user, tn_error* error) {
    if (callback == nullptr || sound().stream_query(stream, nullptr) != TN_NOT_READY) {
      return sound().stream_callback(stream, callback, user, error);
    }
    callback(user, TN_OK, nullptr);
    return static_cast<tn_status>(TN_OK);
  };
}

namespace {

std::atomic<tn_stream*> destroyed{nullptr};
struct OfStream {
  tn_callback function;
  void* user;
  tn_stream* stream;
};

}  // namespace

TN_LIAR(callback_not_behind_destroy) {
  table.stream_callback = [](tn_stream* stream, tn_callback callback, void* user, tn_error* error) {
    if (callback == nullptr) return sound().stream_callback(stream, callback, user, error);
    const auto own = [](void* given, tn_status status, const tn_error* failure) {
      const auto* const one = static_cast<const OfStream*>(given);
      // Long enough for a host that destroys the stream right away.
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      if (destroyed != one->stream) one->function(one->user, status, failure);
      delete one;
    };
    return sound().stream_callback(stream, own, new OfStream{callback, user, stream}, error);
  };
  table.stream_destroy = [](tn_stream* stream) {
    destroyed = stream;
    sound().stream_destroy(stream);
  };
}

TN_LIAR(callbacks_leak) {
  table.stream_callback = queue<[](const Callback& one, tn_status status, const tn_error* error) {
    static std::vector<std::vector<char>> kept;
    kept.emplace_back(64);
    one.function(one.user, status, error);
  }>;
}

}  // namespace tenon::liar
