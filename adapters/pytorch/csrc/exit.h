// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace tenon::pytorch {

// Ends autograd's device threads while the interpreter still lives. They release Python objects
// after a backward; one that does so while the interpreter is taken apart aborts the process. To be
// called at exit without the interpreter's lock.
void stop_autograd();

}  // namespace tenon::pytorch
