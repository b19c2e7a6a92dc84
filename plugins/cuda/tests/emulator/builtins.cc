// SPDX-License-Identifier: Apache-2.0
//
// A libnvrtc-builtins.so.13.0, which plugins open before NVRTC asks for it.
extern "C" int emulated_builtins() { return 0; }
