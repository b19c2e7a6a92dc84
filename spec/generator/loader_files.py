# SPDX-License-Identifier: Apache-2.0
"""What the loader takes from the registry: its list of functions, and layout assertions."""
from . import layout

SLOTS = """\
// SPDX-License-Identifier: Apache-2.0
// {source}
//
// The one list of the dispatch table's functions. Include it after defining
//   TN_SLOT(ordinal, result, name, parameters, arguments)
// Ordinals are permanent. {create}, which takes no handle, is TN_SLOT_CREATE where that is
// defined and a TN_SLOT otherwise.
#ifndef TN_SLOT_CREATE
#define TN_SLOT_CREATE TN_SLOT
#endif
// clang-format off
{slots}
// clang-format on
#undef TN_SLOT
#undef TN_SLOT_CREATE
"""

LAYOUT = """\
/* SPDX-License-Identifier: Apache-2.0
 * {source}
 *
 * The layout of every struct of tenon.h: a field that moves breaks binaries. For processors with
 * 64-bit pointers.
 */
#include "tenon/tenon.h"

#if UINTPTR_MAX == UINT64_MAX

#define SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type " changed its size")
#define AT(type, field, bytes) \\
  _Static_assert(offsetof(type, field) == (bytes), #type "." #field " moved")

{structs}

#endif
"""


def slots(registry, source):
    out = []
    for f in registry.dispatch.slots:
        macro = "TN_SLOT" if f.wrapped else "TN_SLOT_CREATE"
        out += [f"{macro}({f.slot}, {f.returns}, {f.name},",
                f"        ({', '.join(p.declaration for p in f.params)}),",
                f"        ({', '.join(p.name for p in f.params)}))"]
    create = next(f.name for f in registry.dispatch.slots if not f.wrapped)
    return SLOTS.format(source=source, create=create, slots="\n".join(out))


def assertions(registry, source):
    structs = []
    for item in registry.items("struct", "dispatch"):
        size, offsets = layout.of(item, registry)
        structs.append("\n".join([f"SIZE({item.name}, {size});"] +
                                 [f"AT({item.name}, {name}, {at});" for name, at in offsets]))
    return LAYOUT.format(source=source, structs="\n\n".join(structs))
