/* SPDX-License-Identifier: Apache-2.0
 *
 * tenon_plugin.h: what a plugin written in C wants (in C++: tenon_plugin.hpp). C11, header-only,
 * links nothing and knows no device; all of it may be called from any thread.
 *
 *   static tn_status buffer_create(tn_device* device, const tn_buffer_desc* given,
 *                                  tn_buffer** buffer, tn_error* error) {
 *     tn_buffer_desc desc;
 *     TNP_CLEAR(buffer);
 *     TNP_TAKE(desc, given);
 *     TNP_CHECK(desc.size <= kLargest, TN_OUT_OF_RANGE, "size: more than max_allocation");
 *     ...
 *
 * The macros return from the function they stand in, whose error is called `error`.
 */
#ifndef TENON_PLUGIN_H_
#define TENON_PLUGIN_H_

#include "tenon/plugin/buffer.h"
#include "tenon/plugin/constant.h"
#include "tenon/plugin/device.h"
#include "tenon/plugin/error.h"
#include "tenon/plugin/kernel.h"
#include "tenon/plugin/launch.h"
#include "tenon/plugin/layout.h"
#include "tenon/plugin/memory.h"
#include "tenon/plugin/queue.h"
#include "tenon/plugin/thread.h"

#endif /* TENON_PLUGIN_H_ */
