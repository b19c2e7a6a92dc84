// SPDX-License-Identifier: Apache-2.0
//
// Ops on variables for which a Tenon device has no kernel, run by TensorFlow's CPU kernels on a
// copy.
//
// TensorFlow cannot place such an op elsewhere: its variable lies on the device. So each op on
// variables has a kernel of lowest priority, found where no row of the table fits (an op without a
// row, a type without one). It copies the variables to host memory, lets TensorFlow compute there
// and copies what was updated back. That is counted and obeys the device's fallback policy, like an
// operator that a device lacks.
#pragma once

namespace tenon::tensorflow {

void register_host_ops();

}  // namespace tenon::tensorflow
