// SPDX-License-Identifier: Apache-2.0
//
// tenon._native: the runtime's context and models. Tensors cross as (dtype number, dims, bytes),
// those of strings with a list of bytes; sequences as (dtype number, list of tensors); None is an
// optional without a value. The package turns them into NumPy arrays.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cstring>
#include <iterator>

#include "runtime/context.h"
#include "runtime/model.h"
#include "tenon/tenon.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace {

using tenon::runtime::Context;
using tenon::runtime::HostTensor;
using tenon::runtime::ManagedDevice;
using tenon::runtime::Model;
using tenon::runtime::ModelValue;

using Bytes = nb::ndarray<const uint8_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Counts = std::map<std::string, std::map<std::string, uint64_t>>;

// One context for the process, never destroyed: at exit, Python's modules and the plugins' threads
// end in no order that could be relied on. It runs ONNX models: there "it is an error if any of the
// index values are out of bounds".
Context& context() {
  static Context* const instance = Context::create({}, TN_KERNEL_CHECK_DATA).release();
  return *instance;
}

// Text that comes from plugins and paths need not be UTF-8.
nb::object to_text(const std::string& bytes) {
  return nb::steal(
      PyUnicode_DecodeUTF8(bytes.data(), static_cast<Py_ssize_t>(bytes.size()), "replace"));
}

void translate_error(const std::exception_ptr& exception, void* type) {
  try {
    std::rethrow_exception(exception);
  } catch (const tenon::Error& error) {
    PyErr_SetObject(static_cast<PyObject*>(type), to_text(error.what()).ptr());
  }
}

nb::list devices() {
  std::vector<tenon::runtime::DeviceListing> rows;
  {
    nb::gil_scoped_release release;  // Plugins that are tried may take their time.
    rows = context().listing();
  }
  nb::list list;
  for (const auto& row : rows) {
    nb::dict d;
    d["spec"] = to_text(row.spec);
    d["plugin"] = to_text(row.plugin);
    d["name"] = to_text(row.name);
    d["reason"] = to_text(row.reason);
    list.append(d);
  }
  return list;
}

nb::dict to_dict(const ModelValue& value) {
  nb::dict d;
  d["name"] = value.name;
  d["dtype"] = value.dtype;
  d["sequence"] = value.sequence;
  d["optional"] = value.optional;
  nb::list dims;
  for (size_t i = 0; i < value.dims.size(); ++i) {
    if (value.dims[i] >= 0)
      dims.append(value.dims[i]);
    else if (value.symbols[i].empty())
      dims.append(nb::none());
    else
      dims.append(value.symbols[i]);
  }
  d["dims"] = nb::tuple(dims);
  return d;
}

nb::list describe(const std::vector<ModelValue>& values) {
  nb::list list;
  for (const ModelValue& value : values) list.append(to_dict(value));
  return list;
}

// Hands a tensor's memory to NumPy without a copy.
nb::object to_object(HostTensor value) {
  if (!value.present()) return nb::none();
  if (value.items) {
    nb::list items;
    for (HostTensor& item : *value.items) items.append(to_object(std::move(item)));
    return nb::make_tuple(value.dtype, items);
  }
  if (value.dtype == tenon::runtime::kStrings) {
    nb::list strings;
    for (const std::string& text : value.strings)
      strings.append(nb::bytes(text.data(), text.size()));
    return nb::make_tuple(value.dtype, value.dims, strings);
  }
  auto* data = new std::vector<std::byte>(std::move(value.data));
  nb::capsule owner(data, [](void* p) noexcept { delete static_cast<std::vector<std::byte>*>(p); });
  nb::ndarray<nb::numpy, uint8_t, nb::ndim<1>> bytes(data->data(), {data->size()}, owner);
  return nb::make_tuple(value.dtype, value.dims, bytes);
}

HostTensor from_object(const nb::handle& object) {
  HostTensor value;
  if (object.is_none()) return value;
  const auto parts = nb::cast<nb::tuple>(object);
  value.dtype = nb::cast<tn_dtype>(parts[0]);
  if (parts.size() == 2) {
    value.items.emplace();
    for (const nb::handle item : parts[1]) value.items->push_back(from_object(item));
    return value;
  }
  value.dims = nb::cast<std::vector<int64_t>>(parts[1]);
  if (value.dtype == tenon::runtime::kStrings) {
    for (const nb::handle item : parts[2]) {
      const auto text = nb::cast<nb::bytes>(item);
      value.strings.emplace_back(text.c_str(), text.size());
    }
    return value;
  }
  const auto bytes = nb::cast<Bytes>(parts[2]);
  value.data.resize(bytes.size());
  if (bytes.size() != 0) std::memcpy(value.data.data(), bytes.data(), bytes.size());
  return value;
}

nb::list run(Model& model, const nb::dict& inputs) {
  std::map<std::string, HostTensor> values;
  for (const auto& [name, input] : inputs)
    values.emplace(nb::cast<std::string>(name), from_object(input));
  std::vector<HostTensor> outputs;
  {
    nb::gil_scoped_release release;
    outputs = model.run(values);
  }
  nb::list list;
  for (HostTensor& value : outputs) list.append(to_object(std::move(value)));
  return list;
}

Counts placement(const Model& model) {
  Counts rows;
  for (const auto& row : model.placement())
    rows[row.op] = {{"device", row.device},
                    {"fallback", row.fallback},
                    {"host", row.host},
                    {"view", row.view},
                    {"folded", row.folded}};
  return rows;
}

std::map<std::string, uint64_t> statistics(const Model& model) {
  const auto s = model.statistics();
  return {{"plans_made", s.plans_made},
          {"plans_kept", s.plans_kept},
          {"interpreted_runs", s.interpreted_runs},
          {"packed_constants", s.packed_constants},
          {"launches", s.latest.launches},
          {"reorders", s.latest.reorders},
          {"calls", s.latest.calls},
          {"memory_bytes", s.latest.memory_bytes}};
}

Counts operator_counts(const ManagedDevice& device) {
  Counts rows;
  for (const auto& row : device.operator_counts())
    rows[row.name] = {{"device", row.device},
                      {"decomposed", row.decomposed},
                      {"fallback", row.fallback},
                      {"copies", row.copies}};
  return rows;
}

// A text, or a tuple of integers.
nb::dict properties(ManagedDevice& device) {
  nb::dict all;
  for (const tn_property& p : tenon::ask::properties(device.handle())) {
    if (p.type == TN_PROPERTY_TEXT) {
      all[to_text(p.name)] = to_text(p.text);
    } else {
      nb::list values;
      const size_t count = std::min<size_t>(p.count, std::size(p.integers));
      for (size_t i = 0; i < count; ++i) values.append(p.integers[i]);
      all[to_text(p.name)] = nb::tuple(values);
    }
  }
  return all;
}

const char* type_of(const tn_option_info& option) {
  switch (option.type) {
    case TN_OPTION_INTEGER:
      return "integer";
    case TN_OPTION_CHOICE:
      return "choice";
    default:
      return "text";
  }
}

nb::list options(ManagedDevice& device) {
  nb::list all;
  for (const tn_option_info& o : tenon::ask::options(device.handle())) {
    nb::dict row;
    row["name"] = to_text(o.name);
    row["type"] = type_of(o);
    row["unit"] = to_text(o.unit);
    row["default"] = to_text(o.default_value);
    row["choices"] = to_text(o.choices).attr("split")("|");
    if (o.choices[0] == '\0') row["choices"] = nb::list();
    row["help"] = to_text(o.help);
    all.append(row);
  }
  return all;
}

void set_fallback(ManagedDevice& device, const std::string& policy) {
  try {
    device.set_fallback_policy(tenon::runtime::parse_fallback_policy(policy, "fallback"));
  } catch (const tenon::Error& error) {
    throw nb::value_error(error.message().c_str());
  }
}

}  // namespace

NB_MODULE(_native, m) {
  const nb::exception<tenon::Error> error(m, "Error", PyExc_RuntimeError);
  nb::register_exception_translator(translate_error, error.ptr());

  nb::class_<ManagedDevice>(m, "Device")
      .def_prop_ro("spec", [](ManagedDevice& d) { return d.spec(); })
      .def_prop_ro("name", [](ManagedDevice& d) { return to_text(d.info().name); })
      .def_prop_ro("coherent", [](ManagedDevice& d) { return d.coherent(); })
      .def("synchronize", &ManagedDevice::synchronize, nb::call_guard<nb::gil_scoped_release>())
      .def("properties", &properties)
      .def("options", &options)
      .def("trim", &ManagedDevice::empty_cache, nb::call_guard<nb::gil_scoped_release>())
      .def("set_fallback", &set_fallback, "policy"_a)
      .def("operator_counts", &operator_counts)
      .def("reset_operator_counts", &ManagedDevice::reset_operator_counts)
      .def("kernel_statistics",
           [](ManagedDevice& d) {
             const auto s = d.kernel_statistics();
             return std::map<std::string, uint64_t>{
                 {"hits", s.hits},           {"misses", s.misses}, {"creates", s.creates},
                 {"evictions", s.evictions}, {"size", s.size},     {"capacity", s.capacity}};
           })
      .def("memory_statistics", [](ManagedDevice& d) {
        const auto s = d.pool_statistics();
        return std::map<std::string, uint64_t>{{"allocated_bytes", s.allocated_bytes},
                                               {"peak_allocated_bytes", s.peak_allocated_bytes},
                                               {"reserved_bytes", s.reserved_bytes},
                                               {"allocations", s.allocations},
                                               {"device_allocations", s.device_allocations}};
      });

  nb::class_<Model>(m, "Model")
      .def_prop_ro("inputs", [](const Model& model) { return describe(model.inputs()); })
      .def_prop_ro("outputs", [](const Model& model) { return describe(model.outputs()); })
      .def("run", &run, "inputs"_a)
      .def("placement", &placement)
      .def("statistics", &statistics);

  m.def("devices", &devices);
  m.def(
      "device_count", [] { return context().device_count(); },
      nb::call_guard<nb::gil_scoped_release>());
  m.def(
      "device", [](size_t index) -> ManagedDevice& { return context().device(index); }, "index"_a,
      nb::rv_policy::reference, nb::call_guard<nb::gil_scoped_release>());
  m.def(
      "open", [](const std::string& spec) -> ManagedDevice& { return context().open(spec); },
      "spec"_a, nb::rv_policy::reference, nb::call_guard<nb::gil_scoped_release>());
  m.def(
      "load",
      [](ManagedDevice& device, const std::string& path) {
        nb::gil_scoped_release release;
        return Model::load(context(), device, path);
      },
      "device"_a, "path"_a);
  m.def(
      "parse",
      [](ManagedDevice& device, const nb::bytes& bytes, const std::string& folder) {
        const std::string_view view(bytes.c_str(), bytes.size());
        nb::gil_scoped_release release;
        return Model::parse(context(), device, view, {folder});
      },
      "device"_a, "bytes"_a, "base_folder"_a);
}
