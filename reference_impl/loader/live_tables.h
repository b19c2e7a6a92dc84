// SPDX-License-Identifier: Apache-2.0
//
// The tables of open plugins, for what happens to the whole process: a fork and its end.
//
// Fork: threads, queues and device contexts do not survive it, so every call on a handle in the
// child must fail cleanly instead of waiting for a thread that is not there.
//
// End: static objects of plugins go in the reverse order of their making, among them what a
// plugin's functions need. Before the first of them goes, work that is queued is waited for and
// instances without open devices are destroyed; from then on destroys do nothing, and all other
// calls answer TN_DEVICE_LOST.
#pragma once

namespace tenon::loader {

struct DispatchTable;

// Lists a table for both. In a forked child: disables it at once.
void add_live_table(DispatchTable* table);
void remove_live_table(DispatchTable* table);

// Makes the end of the process begin for the tables before static objects go that exist now. Called
// once a plugin's instance has been made.
void watch_process_end();

// Whether this process was forked from one that had opened a plugin (its hardware libraries are
// loaded here too, in an unknown state). A child whose parent had opened none may use Tenon.
bool is_forked_child();

// Throws plugin::Failure (TN_DEVICE_LOST) when the process is ending: plugins' static objects may
// be gone.
void check_process_goes_on();

}  // namespace tenon::loader
