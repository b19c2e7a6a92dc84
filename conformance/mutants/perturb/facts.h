// SPDX-License-Identifier: Apache-2.0
//
// What may make a kernel wrong: facts of its description and of one launch. Each is a word, and the
// predicate of a perturbation ("strided", "alias_1", "attribute axis=0").
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tenon/tenon.h"

namespace tenon::perturb {

using Facts = std::set<std::string>;

// Of a description: dynamic, constant_I, alias_I, token, and the mode, flags and attributes.
Facts facts_of(const tn_kernel_desc& desc);

// What is known of a kernel between its launches.
struct KernelRecord {
  Facts description;
  std::mutex mutex;
  int launches = 0;
  std::thread::id first_thread;
  std::map<size_t, std::string> host_values;
};

// Of the tensors of a launch, the thread that makes it, and those before it.
Facts facts_of(KernelRecord& kernel, const tn_launch& launch);

// Of the values of an input that has been read: what kinds of numbers are among them.
void add_values(Facts& facts, tn_dtype dtype, const std::vector<unsigned char>& bytes);

// Of what the judge expects: as the outputs' own dims say.
bool is_dense(const tn_tensor& tensor);
uint64_t count_of(const tn_tensor& tensor);

}  // namespace tenon::perturb
