// SPDX-License-Identifier: Apache-2.0
//
// Versions that do not exist yet, in both directions: tables and structs that are shorter or longer
// than this side knows.
#include <gmock/gmock.h>

#include <cstddef>
#include <cstring>
#include <vector>

#include "default_host.h"
#include "files.h"
#include "loader.h"
#include "tenon/tenon_plugin.hpp"

namespace {

namespace plugin = tenon::plugin;
using testing::HasSubstr;

// A struct of this side, and the same one as a later version has grown it.
struct Known {
  size_t struct_size;
  int64_t first;
  int64_t second;
};
struct Grown {
  size_t struct_size;
  int64_t first;
  int64_t second;
  int64_t third;
};
struct Earlier {
  size_t struct_size;
  int64_t first;
};

// From memory that is not zero behind the struct: what is read there shows.
template <class Theirs>
tn_status read_as_known(const Theirs& theirs, Known* out, tn_error* error = nullptr) {
  std::vector<std::byte> bytes(sizeof(theirs) + sizeof(Grown), std::byte{99});
  std::memcpy(bytes.data(), &theirs, sizeof(theirs));
  return plugin::read_struct(reinterpret_cast<const Known*>(bytes.data()), out, "thing", error);
}

TEST(InputStruct, GrownWithZeroTailIsAccepted) {
  Known known;
  const Grown grown{sizeof(Grown), 1, 2, 0};
  ASSERT_EQ(read_as_known(grown, &known), TN_OK);
  EXPECT_EQ(known.second, 2);
  EXPECT_EQ(known.struct_size, sizeof(Known));
}

TEST(InputStruct, GrownWithNonzeroTailIsUnsupported) {
  Known known;
  tn_error error = TN_ERROR_INIT;
  Grown grown{sizeof(Grown), 1, 2, 0};
  for (size_t byte = 0; byte < sizeof(grown.third); ++byte) {
    std::memset(&grown.third, 0, sizeof(grown.third));
    reinterpret_cast<char*>(&grown.third)[byte] = 1;
    EXPECT_EQ(read_as_known(grown, &known, &error), TN_UNSUPPORTED) << byte;
  }
  EXPECT_THAT(error.message, HasSubstr("thing: a field beyond the 24 bytes"));
}

TEST(InputStruct, HostsMayHaveMoreServicesThanAreKnown) {
  struct {
    tn_host host;
    uint64_t later;
  } grown{{}, 1};
  grown.host.struct_size = sizeof(grown);
  grown.host.abi_minor = 7;
  EXPECT_EQ(plugin::read_host(&grown.host).abi_minor, 7u);
  EXPECT_EQ(plugin::read_host(&grown.host).struct_size, sizeof(tn_host));
  const tenon::loader::HostServices services(&grown.host, tenon::loader::Environment::of_process());
  EXPECT_NE(services.get()->log, nullptr);
  for (const size_t size : {size_t{0}, size_t{8}, size_t{16}, sizeof(grown) - 1}) {
    grown.host.struct_size = size;
    EXPECT_THROW(plugin::read_host(&grown.host), plugin::Failure) << size;
  }
}

TEST(InputStruct, ShorterOneReadsAsZeros) {
  Known known{0, -1, -1};
  ASSERT_EQ(read_as_known(Earlier{sizeof(Earlier), 1}, &known), TN_OK);
  EXPECT_EQ(known.first, 1);
  EXPECT_EQ(known.second, 0);
}

TEST(InputStruct, NonsenseSizesAreInvalid) {
  Known known;
  for (const size_t size :
       {size_t{0}, size_t{7}, sizeof(Known) - 3, plugin::kMaxStructSize + 1, SIZE_MAX}) {
    const Known theirs{size, 1, 2};
    EXPECT_EQ(read_as_known(theirs, &known), TN_INVALID_ARGUMENT) << size;
  }
  EXPECT_EQ(plugin::read_struct<Known>(nullptr, &known, "thing", nullptr), TN_INVALID_ARGUMENT);
  EXPECT_EQ(plugin::read_optional_struct<Known>(nullptr, &known, "thing", nullptr), TN_OK);
}

TEST(OutputStruct, ShorterOneIsNotWrittenBeyond) {
  struct {
    Earlier earlier{sizeof(Earlier), 0};
    int64_t behind = 77;
  } theirs;
  const Known value{0, 5, 6};
  ASSERT_EQ(
      plugin::write_struct(reinterpret_cast<Known*>(&theirs.earlier), value, "thing", nullptr),
      TN_OK);
  EXPECT_EQ(theirs.earlier.struct_size, sizeof(Earlier)) << "belongs to the caller";
  EXPECT_EQ(theirs.earlier.first, 5);
  EXPECT_EQ(theirs.behind, 77);
}

TEST(OutputStruct, LongerOneKeepsWhatIsNotKnown) {
  Grown theirs{sizeof(Grown), 0, 0, 77};
  ASSERT_EQ(
      plugin::write_struct(reinterpret_cast<Known*>(&theirs), Known{0, 5, 6}, "thing", nullptr),
      TN_OK);
  EXPECT_EQ(theirs.second, 6);
  EXPECT_EQ(theirs.third, 77);
  EXPECT_EQ(theirs.struct_size, sizeof(Grown));
}

TEST(ErrorStruct, ShorterOneIsNotWrittenBeyond) {
  alignas(tn_error) char bytes[sizeof(tn_error)];
  constexpr size_t kCode = offsetof(tn_error, code) + sizeof(tn_status);
  constexpr size_t kRule = offsetof(tn_error, rule) + sizeof(tn_error::rule);
  constexpr size_t kText = offsetof(tn_error, message) + 12;
  for (const size_t size : {size_t{8}, kCode, size_t{16}, kRule, kText}) {
    std::memset(bytes, 0x55, sizeof(bytes));
    auto* error = reinterpret_cast<tn_error*>(bytes);
    error->struct_size = size;
    plugin::set_error(error, TN_INTERNAL, "TN-rule-001", "a message longer than that");
    for (size_t i = size; i < sizeof(bytes); ++i) ASSERT_EQ(bytes[i], 0x55) << size << " " << i;
    if (size >= kCode) {
      EXPECT_EQ(error->code, TN_INTERNAL);
    }
    if (size >= kRule) {
      EXPECT_STREQ(error->rule, "TN-rule-001");
    }
    if (size == kText) {
      EXPECT_STREQ(error->message, "a message l");
    }
  }
}

TEST(ErrorStruct, MessagesAreCutBetweenCharacters) {
  tn_error error = TN_ERROR_INIT;
  const std::string text = std::string(sizeof(error.message) - 2, 'x') + "\u00e9\u00e9";
  plugin::set_error(&error, TN_INTERNAL, nullptr, "%s", text.c_str());
  EXPECT_EQ(std::strlen(error.message), sizeof(error.message) - 2) << "no half of an e acute";
}

TEST(Guard, ExceptionsBecomeStatuses) {
  tn_error error = TN_ERROR_INIT;
  EXPECT_EQ(plugin::guard(&error, [] { plugin::fail(TN_OVERLAP, "R", "at %d", 3); }), TN_OVERLAP);
  EXPECT_STREQ(error.message, "at 3");
  EXPECT_STREQ(error.rule, "R");
  EXPECT_EQ(plugin::guard(&error, [] { throw std::bad_alloc(); }), TN_OUT_OF_MEMORY);
  EXPECT_EQ(plugin::guard(&error, [] { throw std::runtime_error("why"); }), TN_INTERNAL);
  EXPECT_STREQ(error.message, "why");
  EXPECT_EQ(plugin::guard(&error, [] { throw 1; }), TN_INTERNAL);
  EXPECT_EQ(plugin::guard(nullptr, []() -> tn_status { return TN_NOT_READY; }), TN_NOT_READY);
}

// Real plugins of other table sizes, opened by the real loader.
struct Opened {
  tn_loader_desc desc{sizeof(desc), nullptr, nullptr, 0, nullptr, nullptr, 0};
  tenon::loader::Loader loader{desc};
  tn_instance* instance;
  tn_device* device = nullptr;
  const tn_dispatch& functions;

  explicit Opened(const char* name)
      : instance(loader.open(fixture(name))),
        functions(*reinterpret_cast<tn_handle*>(instance)->dispatch) {
    functions.device_open(instance, 0, nullptr, &device, nullptr);
  }
  ~Opened() { functions.device_close(device); }
};

TEST(Table, TN_version_002_a_shorter_one_gets_stubs) {
  const Opened opened("short_table");
  ASSERT_NE(opened.device, nullptr) << "functions before the cut work";
  tn_error error = TN_ERROR_INIT;
  EXPECT_EQ(opened.functions.device_synchronize(opened.device, &error), TN_UNIMPLEMENTED);
  EXPECT_STREQ(error.message, "plugin 'short-table' has no function device_synchronize");
}

TEST(Table, LongerOneIsCut) {
  const Opened opened("long_table");
  ASSERT_NE(opened.device, nullptr);
  EXPECT_EQ(opened.functions.device_synchronize(opened.device, nullptr), TN_OK);
  EXPECT_EQ(opened.functions.struct_size, sizeof(tn_dispatch)) << "not the plugin's";
}

TEST(Table, GrownDescriptionThroughThePlugin) {
  const Opened opened("good");
  struct {
    tn_device_desc desc{sizeof(tn_device_desc) + 8, nullptr, 0};
    uint64_t later = 0;
  } grown;
  tn_device* device = nullptr;
  ASSERT_EQ(opened.functions.device_open(opened.instance, 0, &grown.desc, &device, nullptr), TN_OK);
  opened.functions.device_close(device);
  grown.later = 1;
  EXPECT_EQ(opened.functions.device_open(opened.instance, 0, &grown.desc, &device, nullptr),
            TN_UNSUPPORTED);
  EXPECT_EQ(device, nullptr);
}

}  // namespace
