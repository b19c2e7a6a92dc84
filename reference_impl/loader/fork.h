// SPDX-License-Identifier: Apache-2.0
//
// Forked children. Threads, queues and device contexts do not survive fork(), so every call on a
// handle in the child must fail cleanly instead of waiting for a thread that is not there.
#pragma once

namespace tenon::loader {

struct DispatchTable;

// Lists a table for the fork handler. In a forked child: disables it at once.
void add_live_table(DispatchTable* table);
void remove_live_table(DispatchTable* table);

// Whether this process was forked from one that had opened a plugin (its hardware libraries are
// loaded here too, in an unknown state). A child whose parent had opened none may use Tenon.
bool is_forked_child();

}  // namespace tenon::loader
