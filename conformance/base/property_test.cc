// SPDX-License-Identifier: Apache-2.0
//
// Extension device: properties, options, trim.
#include <set>
#include <sstream>

#include "suite/fixture.h"
#include "suite/text.h"

namespace tenon::conformance {
namespace {

#include "suite/properties.inc"

class PropertyTest : public DeviceTest {
 protected:
  void SetUp() override {
    DeviceTest::SetUp();
    if (Target::get().instance().extension<tn_device_functions>(
            TN_EXTENSION_DEVICE, TN_EXTENSION_DEVICE_VERSION) == nullptr) {
      TN_OPTIONAL("no extension device");
    }
  }

  tn_status open_with(const char* key, const std::string& value) const {
    const tn_option option{key, value.c_str()};
    const tn_device_desc desc{sizeof(desc), &option, 1};
    tn_device* opened = nullptr;
    const Refusal meant;
    const tn_status status = tn_device_open(Target::get().instance().get(),
                                            Target::get().spec().index, &desc, &opened, nullptr);
    tn_device_close(opened);
    return status;
  }
};

void expect_as_in_registry(const tn_property& property) {
  for (const KnownProperty& row : kKnownProperties) {
    if (row.name != property.name) continue;
    EXPECT_EQ(property.type, row.type);
    EXPECT_EQ(property.unit, row.unit);
    ASSERT_GE(property.count, row.least_count);
    ASSERT_LE(property.count, row.most_count);
    if (row.type != TN_PROPERTY_INTEGERS) return;
    for (uint32_t i = 0; i < property.count; ++i) {
      EXPECT_GE(property.integers[i], row.least);
      EXPECT_LE(property.integers[i], row.most);
    }
    return;
  }
  const std::string name = property.name;
  const size_t dot = name.find('.');
  EXPECT_TRUE(dot != std::string::npos && dot != 0 && dot + 1 != name.size())
      << "neither of the registry nor of a vendor";
}

TEST_F(PropertyTest, TN_property_001_is_of_the_registry_or_a_vendors) {
  const std::vector<tn_property> all = device().properties();
  std::set<std::string> names;
  for (const tn_property& property : all) {
    SCOPED_TRACE(property.name);
    EXPECT_EQ(fault_of_text(property.name), "") << "the name";
    EXPECT_EQ(fault_of_text(property.unit), "") << "the unit";
    EXPECT_EQ(fault_of_text(property.text), "") << "the text";
    EXPECT_TRUE(names.insert(property.name).second) << "told twice";
    expect_as_in_registry(property);
  }
  const std::vector<tn_property> again = device().properties();
  ASSERT_EQ(again.size(), all.size());
  for (size_t i = 0; i < all.size(); ++i) EXPECT_STREQ(again[i].name, all[i].name);
  tn_property behind{};
  behind.struct_size = sizeof(behind);
  for (const size_t index : {all.size(), all.size() + 1, SIZE_MAX}) {
    EXPECT_FAILS(TN_OUT_OF_RANGE, tn_device_property, device().get(), index, &behind);
  }
  EXPECT_REFUSED(TN_INVALID_ARGUMENT, tn_device_property, device().get(), size_t{0},
                 static_cast<tn_property*>(nullptr));
}

TEST_F(PropertyTest, TN_property_002_options_open_as_they_are_told) {
  const std::vector<tn_option_info> all = device().options();
  if (all.empty()) TN_OPTIONAL("no options");
  std::set<std::string> names;
  for (const tn_option_info& option : all) {
    SCOPED_TRACE(option.name);
    EXPECT_EQ(fault_of_text(option.name), "") << "the name";
    EXPECT_EQ(fault_of_text(option.choices), "") << "the choices";
    EXPECT_EQ(fault_of_text(option.help), "") << "the text for people";
    EXPECT_TRUE(names.insert(option.name).second) << "told twice";
    EXPECT_STRNE(option.help, "");
    EXPECT_EQ(open_with(option.name, option.default_value), TN_OK);
    if (option.type == TN_OPTION_INTEGER) {
      EXPECT_EQ(open_with(option.name, "no number"), TN_INVALID_ARGUMENT);
    } else if (option.type == TN_OPTION_CHOICE) {
      std::istringstream choices(option.choices);
      for (std::string choice; std::getline(choices, choice, '|');) {
        EXPECT_EQ(open_with(option.name, choice), TN_OK) << choice;
      }
      EXPECT_EQ(open_with(option.name, "no choice"), TN_INVALID_ARGUMENT);
    } else {
      EXPECT_EQ(option.type, TN_OPTION_TEXT);
    }
  }
  for (const auto& [key, value] : Target::get().spec().options) {
    EXPECT_TRUE(names.contains(key)) << key << " was taken, and is not told";
  }
  tn_option_info behind{};
  behind.struct_size = sizeof(behind);
  EXPECT_FAILS(TN_OUT_OF_RANGE, tn_device_option, device().get(), all.size(), &behind);
}

TEST_F(PropertyTest, TN_property_003_trim_leaves_what_is_in_use) {
  const Bytes bytes = pattern_bytes(1 << 20);
  const Buffer kept = upload(bytes);
  make_buffer(1 << 20).destroy_on(nullptr);
  device().synchronize();
  uint64_t first = 0;
  uint64_t second = 0;
  ASSERT_OK(tn_device_trim, device().get(), &first);
  ASSERT_OK(tn_device_trim, device().get(), &second);
  EXPECT_EQ(second, 0u) << "after " << first;
  EXPECT_EQ(download(kept), bytes);
  EXPECT_REFUSED(TN_INVALID_ARGUMENT, tn_device_trim, device().get(),
                 static_cast<uint64_t*>(nullptr));
}

}  // namespace
}  // namespace tenon::conformance
