# SPDX-License-Identifier: Apache-2.0
"""What the loader takes from the registry: its lists of functions, and layout assertions."""
from . import layout

SLOTS = """\
// SPDX-License-Identifier: Apache-2.0
// {source}
//
// The one list of the dispatch table's functions. Include it after defining
//   TN_SLOT(ordinal, result, name, parameters, arguments)
// Ordinals are permanent. {own}, which the loader alone calls,
// are TN_SLOT_OWN where that is defined and TN_SLOT otherwise.
#ifndef TN_SLOT_OWN
#define TN_SLOT_OWN TN_SLOT
#endif
// clang-format off
{slots}
// clang-format on
#undef TN_SLOT
#undef TN_SLOT_OWN
"""

EXTENSIONS = """\
// SPDX-License-Identifier: Apache-2.0
// {source}
//
// The extensions and their functions. Include it after defining one of
//   TN_EXTENSION(extension, table, name, version)
//   TN_EXTENSION_SLOT(number, result, extension, name, parameters, arguments)
// Numbers go on where the ordinals of the dispatch table end; nothing outside of libtenon knows
// them.
#ifndef TN_EXTENSION
#define TN_EXTENSION(extension, table, name, version)
#endif
#ifndef TN_EXTENSION_SLOT
#define TN_EXTENSION_SLOT(number, result, extension, name, parameters, arguments)
#endif
// clang-format off
{slots}
// clang-format on
#undef TN_EXTENSION
#undef TN_EXTENSION_SLOT
"""

FUNCTIONS = """\
// SPDX-License-Identifier: Apache-2.0
// {source}
//
// Every function that libtenon exports. Include it after defining TN_FUNCTION(name).
{functions}
#undef TN_FUNCTION
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
        macro = "TN_SLOT" if f.wrapped else "TN_SLOT_OWN"
        out += [f"{macro}({f.slot}, {f.returns}, {f.name},",
                f"        ({', '.join(p.declaration for p in f.params)}),",
                f"        ({', '.join(p.name for p in f.params)}))"]
    own = " and ".join(f.name for f in registry.dispatch.slots if not f.wrapped)
    return SLOTS.format(source=source, own=own, slots="\n".join(out))


def extensions(registry, source):
    out, number = [], len(registry.dispatch.slots)
    for item in registry.extensions:
        name = item.raw["extension"]
        out.append(f'TN_EXTENSION({name}, {item.name}, "tenon.{name}", {item.raw["version"]})')
        for f in item.slots:
            out += [f"TN_EXTENSION_SLOT({number}, {f.returns}, {name}, {f.name},",
                    f"        ({', '.join(p.declaration for p in f.params)}),",
                    f"        ({', '.join(p.name for p in f.params)}))"]
            number += 1
    return EXTENSIONS.format(source=source, slots="\n".join(out))


def functions(registry, source):
    names = ["tn_" + f.name for f in registry.calls]
    names += [item.name for item in registry.items("function")]
    return FUNCTIONS.format(source=source, functions="\n".join(f"TN_FUNCTION({n})" for n in names))


def assertions(registry, source):
    structs = []
    for item in registry.items("struct", "dispatch", "extension"):
        size, offsets = layout.of(item, registry)
        structs.append("\n".join([f"SIZE({item.name}, {size});"] +
                                 [f"AT({item.name}, {name}, {at});" for name, at in offsets]))
    return LAYOUT.format(source=source, structs="\n\n".join(structs))
