// SPDX-License-Identifier: Apache-2.0
//
// The threads that oneDNN computes on: see team.cc.
#pragma once

namespace tenon::onednn {

// Threads of a region from now on, the calling one included.
void set_team_size(int threads);
int team_size();

// Whether oneDNN asks here for threads, not a libgomp.
bool own_team();

}  // namespace tenon::onednn
