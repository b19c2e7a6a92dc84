// SPDX-License-Identifier: Apache-2.0
//
// What of a process belongs to the host, and no plugin may change: TN-process-001.
#pragma once

#include <string>
#include <vector>

namespace tenon::conformance {

class HostProcess {
 public:
  // As it is now.
  static HostProcess now();
  // What is different since: "the plugin closed standard output of its host". Empty: nothing.
  std::vector<std::string> changes_since(const HostProcess& before) const;

 private:
  std::string files_[3];  // Which files stdin, stdout and stderr are; empty: closed.
  std::string directory_;
  std::string locale_;
  unsigned file_mode_ = 0;
};

}  // namespace tenon::conformance
