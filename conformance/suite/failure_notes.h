// SPDX-License-Identifier: Apache-2.0
//
// Gives a test that fails what a reader needs beside the message, as properties of its result:
// "description" of the kernel, "plugin_error", and "reproducer", a program in C.
#pragma once

namespace tenon::conformance {

// Among GoogleTest's listeners, before those that hand results on.
void note_failures();

}  // namespace tenon::conformance
