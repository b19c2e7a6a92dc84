// SPDX-License-Identifier: Apache-2.0
//
// torch_tenon._C: what the Python half cannot reach through torch itself.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstring>
#include <exception>

#include <c10/util/Exception.h>

#include "benchmark.h"
#include "devices.h"
#include "errors.h"
#include "exit.h"
#include "fallback.h"
#include "generator.h"
#include "memory_stats.h"

namespace py = pybind11;

namespace tenon::pytorch {
namespace {

using ReleaseGil = py::call_guard<py::gil_scoped_release>;

// Exceptions of ops are translated by torch; these are for the functions below.
void register_exceptions() {
  py::register_exception_translator([](std::exception_ptr pointer) {
    try {
      if (pointer) std::rethrow_exception(pointer);
    } catch (const c10::IndexError& error) {
      PyErr_SetString(PyExc_IndexError, error.what_without_backtrace());
    } catch (const c10::NotImplementedError& error) {
      PyErr_SetString(PyExc_NotImplementedError, error.what_without_backtrace());
    } catch (const c10::Error& error) {
      PyErr_SetString(PyExc_RuntimeError, error.what_without_backtrace());
    }
  });
}

// Python's int as torch's 8 bits; what is out of range gets the error of a device that is not
// there.
c10::DeviceIndex index_of(int index) {
  const bool possible = index >= -1 && index < kMaxDevices;
  return index_or_current(static_cast<c10::DeviceIndex>(possible ? index : kMaxDevices));
}

runtime::ManagedDevice& device_of(int index) { return device(index_of(index)); }

py::dict properties(int index) {
  const runtime::ManagedDevice& found = device_of(index);
  const tn_device_info& info = found.info();
  py::dict result;
  result["name"] = std::string(info.name);
  result["vendor"] = std::string(info.vendor);
  result["spec"] = found.spec();
  result["type"] = info.type == TN_DEVICE_CPU   ? "cpu"
                   : info.type == TN_DEVICE_GPU ? "gpu"
                                                : "accelerator";
  result["physical_id"] = std::string(info.physical_id);
  result["total_memory"] = info.total_memory;
  result["max_allocation"] = info.max_allocation;
  result["coherent"] = found.coherent();
  return result;
}

py::dict memory_stats(int index) {
  const runtime::PoolStatistics now = device_of(index).pool_statistics();
  py::dict result;
  result["allocated_bytes"] = now.allocated_bytes;
  result["peak_allocated_bytes"] = now.peak_allocated_bytes;
  result["reserved_bytes"] = now.reserved_bytes;
  result["allocations"] = now.allocations;
  result["device_allocations"] = now.device_allocations;
  return result;
}

// torch.accelerator.memory_stats, also where tenon is not torch's accelerator.
py::dict allocator_stats(int index) {
  const DeviceStats stats = device_stats(index_of(index));
  py::dict result;
  const auto put = [&](const std::string& name, const c10::CachingAllocator::Stat& stat) {
    result[py::str(name + ".current")] = stat.current;
    result[py::str(name + ".peak")] = stat.peak;
    result[py::str(name + ".allocated")] = stat.allocated;
    result[py::str(name + ".freed")] = stat.freed;
  };
  const auto put_array = [&](const std::string& name, const c10::CachingAllocator::StatArray& all) {
    put(name + ".all", all[0]);
    put(name + ".small_pool", all[1]);
    put(name + ".large_pool", all[2]);
  };
  put_array("allocation", stats.allocation);
  put_array("segment", stats.segment);
  put_array("active", stats.active);
  put_array("inactive_split", stats.inactive_split);
  put_array("allocated_bytes", stats.allocated_bytes);
  put_array("reserved_bytes", stats.reserved_bytes);
  put_array("active_bytes", stats.active_bytes);
  put_array("inactive_split_bytes", stats.inactive_split_bytes);
  put_array("requested_bytes", stats.requested_bytes);
  put("oversize_allocations", stats.oversize_allocations);
  put("oversize_segments", stats.oversize_segments);
  result["num_alloc_retries"] = stats.num_alloc_retries;
  result["num_ooms"] = stats.num_ooms;
  result["num_sync_all_streams"] = stats.num_sync_all_streams;
  result["num_device_alloc"] = stats.num_device_alloc;
  result["num_device_free"] = stats.num_device_free;
  result["max_split_size"] = stats.max_split_size;
  return result;
}

py::dict kernel_statistics(int index) {
  const runtime::KernelCacheStatistics now = device_of(index).kernel_statistics();
  py::dict result;
  result["hits"] = now.hits;
  result["misses"] = now.misses;
  result["creates"] = now.creates;
  result["evictions"] = now.evictions;
  result["size"] = now.size;
  result["capacity"] = now.capacity;
  return result;
}

py::dict operator_counts(int index) {
  py::dict result;
  for (const runtime::OperatorCount& count : device_of(index).operator_counts()) {
    py::dict row;
    row["device"] = count.device;
    row["decomposed"] = count.decomposed;
    row["fallback"] = count.fallback;
    row["copies"] = count.copies;
    result[py::str(count.name)] = row;
  }
  return result;
}

py::dict fallback_counts_dict() {
  py::dict result;
  for (const auto& [name, count] : fallback_counts()) {
    py::dict row;
    row["calls"] = count.calls;
    row["seconds"] = count.seconds;
    result[py::str(name)] = row;
  }
  return result;
}

void reset_counts() {
  reset_fallback_counts();
  for (c10::DeviceIndex index = 0; index < kMaxDevices; ++index) {
    if (is_open(index)) device(index).reset_operator_counts();
  }
}

std::string policy_name() { return runtime::name_of(fallback_policy()); }
void set_policy(const std::string& name) {
  set_fallback_policy(
      translated([&] { return runtime::parse_fallback_policy(name, "The fallback policy"); }));
}

TenonGenerator& generator(int index) { return generator_or_default(std::nullopt, index_of(index)); }
py::bytes rng_state(int index) {
  TenonGenerator& source = generator(index);
  std::lock_guard lock(source.mutex_);
  const uint64_t words[] = {source.current_seed(), source.get_offset()};
  return py::bytes(reinterpret_cast<const char*>(words), sizeof words);
}
void set_rng_state(const std::string& bytes, int index) {
  uint64_t words[2];
  TORCH_CHECK(bytes.size() == sizeof words, "The random state of a tenon device has ", sizeof words,
              " bytes, not ", bytes.size());
  std::memcpy(words, bytes.data(), sizeof words);
  TenonGenerator& target = generator(index);
  std::lock_guard lock(target.mutex_);
  target.set_current_seed(words[0]);
  target.set_offset(words[1]);
}

}  // namespace

PYBIND11_MODULE(_C, m) {
  register_exceptions();
  m.def("device_count", [] { return static_cast<int>(device_count()); }, ReleaseGil());
  m.def("current_device", [] { return static_cast<int>(current_device()); });
  m.def("set_device", [](int index) { set_current_device(index_of(index)); });
  m.def("is_open", [](int index) { return is_open(index_of(index)); });
  m.def(
      "synchronize", [](int index) { translated([&] { device_of(index).synchronize(); }); },
      py::arg("device") = -1, ReleaseGil());
  m.def(
      "empty_cache",
      [] {
        for (c10::DeviceIndex index = 0; index < kMaxDevices; ++index) {
          if (is_open(index)) translated([&] { device(index).empty_cache(); });
        }
      },
      ReleaseGil());
  m.def("device_properties", properties, py::arg("device") = -1);
  m.def("memory_stats", memory_stats, py::arg("device") = -1);
  m.def("allocator_stats", allocator_stats, py::arg("device") = -1);
  m.def("reset_peak_stats", [](int index) { reset_peak_stats(index_of(index)); });
  m.def("reset_accumulated_stats", [](int index) { reset_accumulated_stats(index_of(index)); });
  m.def("memory_info", [](int index) { return memory_info(index_of(index)); });
  m.def("current_stream", [](int index) { return current_stream_id(index_of(index)).id(); });
  m.def("set_stream", [](int64_t id, int index) {
    const auto where = index_of(index);
    exchange_stream(c10::Stream(c10::Stream::UNSAFE, {kTenon, where}, id));
    set_current_device(where);
  });
  m.attr("DEVICE_TYPE") = static_cast<int>(kTenon);
  m.def("kernel_statistics", kernel_statistics, py::arg("device") = -1);
  m.def("operator_counts", operator_counts, py::arg("device") = -1);
  m.def("fallback_counts", fallback_counts_dict);
  m.def("reset_counts", reset_counts);
  m.def("fallback_policy", policy_name);
  m.def("set_fallback_policy", set_policy);
  m.def("manual_seed", [](uint64_t seed, int index) {
    TenonGenerator& target = generator(index);
    std::lock_guard lock(target.mutex_);
    target.set_current_seed(seed);
  });
  m.def("seed", [](int index) {
    TenonGenerator& target = generator(index);
    std::lock_guard lock(target.mutex_);
    return target.seed();
  });
  m.def("initial_seed", [](int index) { return generator(index).current_seed(); });
  m.def("rng_state", rng_state);
  m.def("set_rng_state", set_rng_state);
  m.def("stop_autograd", stop_autograd, ReleaseGil());
  m.def("benchmark_add", benchmark_add, py::arg("calls"), ReleaseGil());
}

}  // namespace tenon::pytorch
