// SPDX-License-Identifier: Apache-2.0
//
// Whatever is printed, it stays JSON.
#include "reference_impl/layers/trace/json.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <vector>

namespace tenon::layers::trace {
namespace {

template <class Print>
nlohmann::json printed(Print print) {
  std::string text;
  Json json(text);
  json.open();
  json.key("it");
  print(json);
  json.key("next");
  json.number(1);
  json.close();
  return nlohmann::json::parse(text);
}

TEST(Json, StringsOfAnyBytes) {
  std::string all;
  for (int i = 1; i < 256; ++i) all += static_cast<char>(i);
  EXPECT_EQ(printed([&](Json& json) { json.text(all.c_str()); })["it"].get<std::string>().size(),
            127u + 2 * 128u);
  EXPECT_EQ(printed([](Json& json) { json.text("a\"b\\c"); })["it"], "a\"b\\c");
  EXPECT_TRUE(printed([](Json& json) { json.text(nullptr); })["it"].is_null());
}

TEST(Json, NumbersThatJsonDoesNotKnow) {
  EXPECT_EQ(printed([](Json& json) { json.number(std::numeric_limits<double>::infinity()); })["it"],
            "inf");
  EXPECT_EQ(printed([](Json& json) { json.number(UINT64_MAX); })["it"].get<uint64_t>(), UINT64_MAX);
}

TEST(Json, ListsEndSomewhere) {
  const std::vector<int64_t> many(1000, 7);
  const auto it = printed([&](Json& json) { json.numbers(many.data(), 1000); })["it"];
  EXPECT_LT(it.size(), 100u);
  EXPECT_EQ(it.back(), "...");
  EXPECT_EQ(printed([&](Json& json) { json.numbers(many.data(), -5); })["it"].size(), 0u);
}

TEST(Json, BitsByName) {
  constexpr Bit kBits[] = {{1, "ONE"}, {2, "TWO"}};
  EXPECT_EQ(printed([&](Json& json) { json.bits(3, kBits); })["it"], "ONE|TWO");
  EXPECT_EQ(printed([&](Json& json) { json.bits(0, kBits); })["it"], "0");
  EXPECT_EQ(printed([&](Json& json) { json.bits(9, kBits); })["it"], "ONE|8");
}

}  // namespace
}  // namespace tenon::layers::trace
