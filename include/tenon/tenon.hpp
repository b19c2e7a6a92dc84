// SPDX-License-Identifier: Apache-2.0
//
// tenon.hpp: the Tenon ABI for C++20 hosts. Header-only, thin: every method is one tn_* call.
//
//   tenon::Loader loader;
//   tenon::Device device = loader.open("cpu").open_device(0);
//   tenon::Stream stream(device);
//   tenon::Buffer buffer(device, 1024);
//
// Ownership  Loader, Device, Buffer, Stream, Event and Kernel are move-only owners; Constant counts
//            references; Instance is a plain pointer that its Loader owns. An owner must be
//            destroyed before the one it was made from: declare them in that order.
// Threads    As in tenon.h. Moving from, assigning to or destroying a wrapper is not synchronised.
// Errors     A failure throws tenon::Error. Destructors never throw.
// Cost       Nothing here allocates on Kernel::launch or on any Stream or Event method.
#pragma once

#include "tenon/cpp/constant.hpp"
#include "tenon/cpp/device.hpp"
#include "tenon/cpp/dtype.hpp"
#include "tenon/cpp/error.hpp"
#include "tenon/cpp/kernel.hpp"
#include "tenon/cpp/kernel_desc.hpp"
#include "tenon/cpp/loader.hpp"
#include "tenon/cpp/number.hpp"
#include "tenon/cpp/stream.hpp"
#include "tenon/cpp/tensor.hpp"
