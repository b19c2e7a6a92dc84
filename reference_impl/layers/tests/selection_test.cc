// SPDX-License-Identifier: Apache-2.0
//
// Who gets layers, and who does not.
#include <gmock/gmock.h>

#include "environment.h"
#include "reference_impl/layers/layer.h"
#include "tenon/tenon_plugin.hpp"

namespace tenon::layers {
namespace {

using testing::ElementsAre;

TEST(Selection, NamesInOrder) {
  EXPECT_THAT(parse_layers("", "x"), ElementsAre());
  EXPECT_THAT(parse_layers("validation", "x"), ElementsAre("validation"));
  EXPECT_THAT(parse_layers("trace,validation,,trace", "x"), ElementsAre("trace", "validation"));
}

TEST(Selection, UnknownNamesSayWhatThereIs) {
  try {
    parse_layers("validation,speed", "TENON_LAYERS");
    FAIL() << "it was accepted";
  } catch (const plugin::Failure& failure) {
    EXPECT_EQ(failure.error.code, TN_INVALID_ARGUMENT);
    EXPECT_STREQ(failure.error.message,
                 "TENON_LAYERS: there is no layer 'speed'; there are: fault, trace, validation");
  }
}

TEST(Selection, TheEnvironmentIsIgnoredUnderElevatedPrivileges) {
  loader::Environment environment;
  environment.lookup = [](const char*) { return "validation"; };
  EXPECT_EQ(environment.get("TENON_LAYERS"), "validation");
  environment.elevated = true;
  EXPECT_EQ(environment.get("TENON_LAYERS"), "");
}

}  // namespace
}  // namespace tenon::layers
