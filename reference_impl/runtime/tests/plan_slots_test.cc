// SPDX-License-Identifier: Apache-2.0
//
// Where a plan's values lie.
#include <gtest/gtest.h>

#include <random>

#include "runtime/onnx/steps.h"

namespace tenon::runtime::onnx_import {
namespace {

Slot slot(uint64_t bytes, size_t first, size_t last) { return {bytes, first, last, 0}; }

bool together(const Slot& a, const Slot& b) { return a.first <= b.last && b.first <= a.last; }
bool disjoint(const Slot& a, const Slot& b) {
  return a.offset + a.bytes <= b.offset || b.offset + b.bytes <= a.offset;
}

TEST(PlanSlotsTest, AChainNeedsTwo) {
  std::vector<Slot> slots{slot(1024, 0, 1), slot(1024, 1, 2), slot(1024, 2, 3), slot(1024, 3, 4)};
  EXPECT_EQ(place_slots(slots, 64), 2048u);
}

TEST(PlanSlotsTest, AnInputOfAStepIsStillThere) {
  std::vector<Slot> slots{slot(64, 0, 1), slot(64, 1, 1)};
  place_slots(slots, 64);
  EXPECT_TRUE(disjoint(slots[0], slots[1]));
}

TEST(PlanSlotsTest, NothingNeedsNothing) {
  std::vector<Slot> none;
  EXPECT_EQ(place_slots(none, 64), 0u);
  std::vector<Slot> empty{slot(0, 0, 3)};
  EXPECT_EQ(place_slots(empty, 64), 0u);
}

TEST(PlanSlotsTest, ManyAreDisjointAlignedAndFewBytes) {
  std::mt19937 random(7);
  std::vector<Slot> slots;
  uint64_t sum = 0;
  for (size_t i = 0; i < 300; ++i) {
    const size_t first = random() % 200;
    slots.push_back(slot(1 + random() % 5000, first, first + random() % 10));
    sum += slots.back().bytes;
  }
  const uint64_t total = place_slots(slots, 64);
  for (size_t i = 0; i < slots.size(); ++i) {
    EXPECT_EQ(slots[i].offset % 64, 0u);
    EXPECT_LE(slots[i].offset + slots[i].bytes, total);
    for (size_t j = 0; j < i; ++j) {
      if (together(slots[i], slots[j])) {
        EXPECT_TRUE(disjoint(slots[i], slots[j])) << i << " " << j;
      }
    }
  }
  EXPECT_LT(total, sum / 5);
}

}  // namespace
}  // namespace tenon::runtime::onnx_import
