// SPDX-License-Identifier: Apache-2.0
//
// Outputs that share memory with inputs: in place where the views are equal, with a temporary where
// they are not. The result is always that of disjoint memory.
#include "fixture.h"

namespace tenon::runtime {
namespace {

using OverlapTest = DeviceTest;
TENON_IN_ALL_MEMORY_MODES(OverlapTest);

TEST_P(OverlapTest, TheSameViewIsInPlace) {
  Tensor a(device_, {2, 3}, counting(6)), b(device_, {3, 2}, {10, 20, 30, 40, 50, 60});
  run(Operation("Relu"), {a.argument()}, {a.argument()});
  EXPECT_EQ(a.read(), counting(6));
  // Transposed, still the same view.
  const Argument transposed = a.view({3, 2}, {1, 3});
  run(Operation("Add"), {transposed, b.argument()}, {transposed});
  EXPECT_EQ(a.read(), (std::vector<float>{10, 31, 52, 23, 44, 65}));
  EXPECT_EQ(copies("Add"), 0u);
}

TEST_P(OverlapTest, ATransposedInputOfItsOwnOutputIsRight) {
  Tensor a(device_, {3, 3}, counting(9));
  run(Operation("Add"), {a.argument(), a.view({3, 3}, {1, 3})}, {a.argument()});
  EXPECT_EQ(a.read(), (std::vector<float>{0, 4, 8, 4, 8, 12, 8, 12, 16}));
  EXPECT_EQ(copies("Add"), 1u);
}

TEST_P(OverlapTest, AShiftedViewIsRight) {
  Tensor a(device_, {8}, counting(8));
  // a[1:] = -a[:-1]
  run(Operation("Neg"), {a.view({7}, {1})}, {a.view({7}, {1}, 1)});
  EXPECT_EQ(a.read(), (std::vector<float>{0, 0, -1, -2, -3, -4, -5, -6}));
  // Backwards onto itself.
  run(Operation("Identity"), {a.view({8}, {-1}, 7)}, {a.argument()});
  EXPECT_EQ(a.read(), (std::vector<float>{-6, -5, -4, -3, -2, -1, 0, 0}));
}

TEST_P(OverlapTest, BroadcastOntoItselfIsRight) {
  Tensor a(device_, {2, 2}, {1, 2, 3, 4});
  run(Operation("Mul"), {a.argument(), a.view({2}, {1})}, {a.argument()});
  EXPECT_EQ(a.read(), (std::vector<float>{1, 4, 3, 8}));
}

TEST_P(OverlapTest, BothInputsMayBeTheOutput) {
  Tensor a(device_, {4}, {1, 2, 3, 4});
  run(Operation("Mul"), {a.argument(), a.argument()}, {a.argument()});
  EXPECT_EQ(a.read(), (std::vector<float>{1, 4, 9, 16}));
  EXPECT_EQ(copies("Mul"), 0u) << "in place";
  // Only one of the inputs is, later on.
  Tensor b(device_, {4}, {2, 2, 2, 2});
  run(Operation("Mul"), {a.argument(), b.argument()}, {a.argument()});
  EXPECT_EQ(a.read(), (std::vector<float>{2, 8, 18, 32}));
}

TEST_P(OverlapTest, AnInputGivenTwiceAndAShiftedOneNeedATemporary) {
  Tensor a(device_, {5}, {1, 2, 3, 4, 5});
  const Argument first = a.view({4}, {1});
  run(Operation("tenon.Lerp"), {first, a.view({4}, {1}, 1), first}, {first});
  // a + (next - a) * a
  EXPECT_EQ(a.read(), (std::vector<float>{2, 4, 6, 8, 5}));
  EXPECT_EQ(copies("tenon.Lerp"), 1u);
}

TEST_P(OverlapTest, StridedOutputsKeepTheirGaps) {
  Tensor a(device_, {8}, counting(8));
  // a[::2] = a[1::2] + a[::2]: interleaved, so overlapping by range.
  run(Operation("Add"), {a.view({4}, {2}, 1), a.view({4}, {2})}, {a.view({4}, {2})});
  EXPECT_EQ(a.read(), (std::vector<float>{1, 1, 5, 3, 9, 5, 13, 7}));
}

TEST_P(OverlapTest, OperatorsThatCannotWorkInPlaceGetATemporary) {
  Tensor a(device_, {2, 2}, {1, 2, 3, 4});
  run(Operation("MatMul"), {a.argument(), a.argument()}, {a.argument()});
  EXPECT_EQ(a.read(), (std::vector<float>{7, 10, 15, 22}));
  Tensor b(device_, {2, 2}, {0, 1, 1, 0});
  run(Operation("MatMul"), {a.argument(), b.argument()}, {a.argument()});
  EXPECT_EQ(a.read(), (std::vector<float>{10, 7, 22, 15}));
}

}  // namespace
}  // namespace tenon::runtime
