# SPDX-License-Identifier: Apache-2.0
"""The fault layer's functions: each counts its calls, and fails those that it is told to."""
from . import layer_code as code, validation_files

FUNCTIONS = """\
// The functions that the fault layer puts before the plugin's: each asks whether this call is to
// fail, and does what a failure leaves to do.
#include "reference_impl/layers/fault/call.h"

namespace tenon::layers::fault {{
namespace {{

// clang-format off
{body}

}}  // namespace

void insert_faults(tn_dispatch* table) {{
{inserts}
}}

void insert_faults(Extensions* tables) {{
{extensions}
}}

// The names that TENON_FAULT may have.
const std::vector<std::string>& function_names() {{
  static const std::vector<std::string> all = {{
{names}
  }};
  return all;
}}
// clang-format on

}}  // namespace tenon::layers::fault
"""

# What has to happen below though the call is to fail: who waits has waited, and who is waited for is
# let go.
DONE_ANYWAY = ["device_synchronize", "stream_synchronize", "stream_query", "stream_reset", "event_query",
               "event_synchronize", "event_signal", "buffer_unmap"]


def queues(f):
    """The stream on which it queues work; None if it does not."""
    if f.name in DONE_ANYWAY + ["buffer_create", "buffer_destroy", "constant_create"]:
        return None
    return next((p.name for p in f.params if p.type == "tn_stream*" and "serial" in p.words), None)


def slot(f, registry):
    names = [p.name for p in f.params]
    first, void = names[0], f.returns == "void"
    lines = code.definition(f"{f.returns} TN_CALL {f.name}", [p.declaration for p in f.params])
    error = "nullptr" if void else "error"
    if void:
        lines.append(f"  if ({first} == nullptr) return;")
    lines.append(f'  Call call("{f.name}", {first}, {error});')
    below = code.table_of(f, "call.below()", "call.extensions_below()") + f".{f.name}({', '.join(names)})"
    if void:
        if f.name.endswith(("_destroy", "_close")):
            lines.append(f"  call.ended({first});")
        return lines + [f"  {below};", "}"]
    outputs = [p.name for p in f.params if "cleared" in p.words]
    stream = queues(f)
    if stream:
        lines.append(f"  call.may_be_late({stream});")
    if f.name in DONE_ANYWAY:
        lines += [f"  const tn_status status = {below};",
                  "  return call.fails() ? call.failure() : status;", "}"]
        return lines
    lines.append("  if (call.fails()) {")
    lines += [f"    call.clear({o});" for o in outputs]
    lines += ["    return call.failure();", "  }"]
    made = [p.name for p in f.params if p.words[0] == "created"]
    if not made:
        return lines + [f"  return {below};", "}"]
    lines.append(f"  const tn_status status = {below};")
    lines += [f"  if (status == TN_OK) call.made({m});" for m in made]
    return lines + ["  return status;", "}"]


def functions(registry, source):
    wanted = [f for f in registry.calls if f.name not in validation_files.PLAIN]
    inserts = "\n".join(f"  table->{f.name} = {f.name};" for f in wanted if not f.extension)
    extensions = "\n".join(f"  tables->{f.extension}.{f.name} = {f.name};" for f in wanted if f.extension)
    return code.BANNER.format(source=source) + FUNCTIONS.format(
        body="\n\n".join("\n".join(slot(f, registry)) for f in wanted), inserts=inserts, extensions=extensions,
        names="\n".join(f'      "{f.name}",' for f in wanted))
