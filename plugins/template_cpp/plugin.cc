// SPDX-License-Identifier: Apache-2.0
//
// Who the plugin is: its device, its layouts, its operators; and its entry.
#include "device.h"
#include "tenon/device/entry.h"
#include "tenon/device/property.h"

namespace tenon_template {
namespace {

class ColumnLayouts final : public Layouts {
 public:
  bool is_token(tn_layout layout) const override { return layout == kColumns; }
  uint64_t bytes(tn_layout layout, tn_dtype dtype, std::span<const int64_t> dims) const override {
    if (layout != kColumns) return Layouts::bytes(layout, dtype, dims);
    if (dims.size() != 2 || dtype != TN_FLOAT32)
      throw KernelError(TN_INVALID_ARGUMENT, "columns are of float32 matrices");
    return strided_bytes(dtype, dims);
  }
  // Columns are strides like others.
  void reorder(const View& dst, const View& src, const Execution& execution) const override {
    const int64_t columns[] = {1, dst.rank > 0 ? dst.dims[0] : 1};
    View to = dst, from = src;
    for (View* view : {&to, &from}) {
      if (view->layout == kColumns) view->strides = columns;
      view->layout = TN_LAYOUT_STRIDED;
    }
    Layouts::reorder(to, from, execution);
  }
};

std::vector<tn_device_info> devices() {
  return {{.struct_size = sizeof(tn_device_info),
           .type = TN_DEVICE_ACCELERATOR,
           .flags = TN_DEVICE_ASYNCHRONOUS,  // And not TN_DEVICE_DYNAMIC_DIMS.
           .name = "Template accelerator",
           .vendor = "template",
           .uuid = "tenon-template",
           .physical_id = "template-0",
           .total_memory = uint64_t{4} << 30,
           .max_allocation = uint64_t{1} << 30,
           .alignment = 64,
           .reserved = 0}};
}

const Platform& platform() {
  static const ColumnLayouts layouts;
  static const Family families[] = {{.operators = operators,
                                     .replaces_input = {{"Identity"}},
                                     .needs = TN_REQUIRES_STATIC_DIMS | TN_REQUIRES_DENSE}};
  static const Platform self{
      .name = "template",
      .version = "0.1.0",
      .devices = devices,
      .families = families,
      .layouts = layouts,
      .open = [](size_t, std::span<const tn_option>) -> std::unique_ptr<Backend> {
        return std::make_unique<Accelerator>();
      },
      .properties = [](size_t) { return std::vector{integer_property("compute_units", 1)}; }};
  return self;
}

}  // namespace
}  // namespace tenon_template

extern "C" TN_EXPORT tn_status TN_CALL tn_plugin_entry(const tn_host* host, tn_plugin* plugin,
                                                       tn_error* error) {
  return tenon::device::enter<tenon_template::platform>(host, plugin, error);
}
