// SPDX-License-Identifier: Apache-2.0
//
// Ops for which a Tenon device has no kernel, where TensorFlow cannot place them on the CPU: run by
// TensorFlow's CPU kernels in between, on copies.
//
// TensorFlow places an op elsewhere when it may. It may not when the op works on a variable of the
// device, nor inside of the function that a While or an If on the device calls, nor where the user
// says which device. So every op has a kernel of lowest priority, found where no row of the table
// fits (an op without a row, a type without one) and chosen by the placer after the CPU's own. Its
// inputs and outputs lie in host memory; variables are copied there and back. All this is counted
// and obeys the device's fallback policy, like an operator that a device lacks.
#pragma once

namespace tenon::tensorflow {

void register_host_ops();

}  // namespace tenon::tensorflow
