// SPDX-License-Identifier: Apache-2.0
//
// The clocks behind "missing wait".
#include "reference_impl/layers/validation/order.h"

#include <gtest/gtest.h>

namespace tenon::layers::validation {
namespace {

TEST(Order, WorkOfOneStreamIsOrdered) {
  Order order;
  const size_t a = order.add_stream();
  const size_t b = order.add_stream();
  const Point work = order.queue(a);
  EXPECT_TRUE(order.ordered(work, a));
  EXPECT_FALSE(order.ordered(work, b));
  EXPECT_FALSE(order.finished(work));
}

TEST(Order, AWaitStandsForTheRecordAsItWas) {
  Order order;
  const size_t a = order.add_stream();
  const size_t b = order.add_stream();
  const Point first = order.queue(a);
  const Clock recorded = order.position(a);
  const Point second = order.queue(a);
  order.wait(b, recorded);
  EXPECT_TRUE(order.ordered(first, b));
  EXPECT_FALSE(order.ordered(second, b));
}

TEST(Order, FinishingAStreamFinishesWhatItWaitedFor) {
  Order order;
  const size_t a = order.add_stream();
  const size_t b = order.add_stream();
  const Point work = order.queue(a);
  order.wait(b, order.position(a));
  const Point later = order.queue(a);
  order.finish(order.position(b));
  EXPECT_TRUE(order.finished(work));
  EXPECT_FALSE(order.finished(later));
  order.finish_all();
  EXPECT_TRUE(order.finished(later));
}

TEST(Order, NamesAreGivenAgainOnlyWhenTheWorkHasFinished) {
  Order order;
  const size_t a = order.add_stream();
  const Point work = order.queue(a);
  order.retire(a);
  const size_t b = order.add_stream();
  EXPECT_NE(b, a);
  order.finish_all();
  const size_t c = order.add_stream();
  EXPECT_EQ(c, a);
  EXPECT_TRUE(order.finished(work));
  EXPECT_FALSE(order.finished(order.queue(c))) << "a new stream's work has not been waited for";
}

}  // namespace
}  // namespace tenon::layers::validation
