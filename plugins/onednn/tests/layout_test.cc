// SPDX-License-Identifier: Apache-2.0
//
// Tokens: what they say, and that they can be read back, with groups and with places changed.
#include "forms.h"
#include "static_argument.h"

namespace tenon::cpu::testing {
namespace {

using onednn::Form;

TEST(OnednnLayoutTest, TokensAndFormsAreTheSame) {
  for (const Form form : {Form{dnnl_aBcd16b, 0, false}, Form{dnnl_ABcd16b16a, 4, false},
                          Form{dnnl_BA16a16b, 0, true}}) {
    const Form none{dnnl_format_tag_undef, 0, false};
    const Form back = onednn::form_of(onednn::token_of(form)).value_or(none);
    EXPECT_EQ(form.tag, back.tag);
    EXPECT_EQ(form.groups, back.groups);
    EXPECT_EQ(form.transposed, back.transposed);
  }
  for (const tn_layout layout : {TN_LAYOUT_STRIDED, TN_LAYOUT_ANY, TN_LAYOUT_FIRST_TOKEN,
                                 tn_layout{0xffff}, ~tn_layout{0}}) {
    EXPECT_FALSE(onednn::layouts().is_token(layout)) << layout;
  }
}

void there_and_back(const Form& form, const std::vector<int64_t>& dims,
                    const std::vector<int64_t>& strides = {}) {
  Device device("unified");
  const tn_layout token = onednn::token_of(form);
  const auto count = static_cast<size_t>(
      std::accumulate(dims.begin(), dims.end(), int64_t{1}, std::multiplies<>()));
  const auto values = pattern(count);
  uint64_t bytes = 0;
  TN_CHECK(layout_size, device, token, TN_FLOAT32, static_cast<int32_t>(dims.size()), dims.data(),
           &bytes);
  EXPECT_GE(bytes, count * sizeof(float));
  tn_buffer* plain = device.buffer_of(values);
  tn_buffer* packed = device.buffer(bytes);
  tn_buffer* back = device.buffer(count * sizeof(float));
  Tensor from(plain, TN_FLOAT32, dims, strides), to(back, TN_FLOAT32, dims, strides);
  Tensor middle(packed, TN_FLOAT32, dims);
  middle.tensor.layout = token;
  tn_stream* stream = device.stream();
  TN_CHECK(stream_reorder, stream, middle.get(), from.get());
  TN_CHECK(stream_reorder, stream, to.get(), middle.get());
  TN_CHECK(stream_synchronize, stream);
  EXPECT_EQ(values, device.read<float>(back, count));
  table().stream_destroy(stream);
  for (tn_buffer* buffer : {plain, packed, back}) table().buffer_destroy(buffer, nullptr);
}

TEST(OnednnLayoutTest, PaddedChannels) { there_and_back({dnnl_aBcd16b, 0, false}, {2, 21, 3, 5}); }
TEST(OnednnLayoutTest, AnyStrides) {
  there_and_back({dnnl_aBcd8b, 0, false}, {2, 3, 4, 5}, {60, 1, 15, 3});
}
TEST(OnednnLayoutTest, GroupedFilters) { there_and_back({dnnl_aBCde8c8b, 2, false}, {6, 5, 3, 3}); }
TEST(OnednnLayoutTest, TransposedMatrix) { there_and_back({dnnl_BA16a16b, 0, true}, {19, 7}); }

TEST(OnednnLayoutTest, ATokenThatDoesNotFitIsRefused) {
  Device device("unified");
  const int64_t dims[] = {6, 5, 3, 3};
  uint64_t bytes = 0;
  TN_EXPECT_ERROR(TN_INVALID_ARGUMENT, "fit", layout_size, device,
                  onednn::token_of({dnnl_aBCde8c8b, 4, false}), TN_FLOAT32, 4, dims, &bytes);
  TN_EXPECT_ERROR(TN_INVALID_ARGUMENT, "fit", layout_size, device,
                  onednn::token_of({dnnl_aBcd16b, 0, false}), TN_FLOAT32, 3, dims, &bytes);
  TN_EXPECT_ERROR(TN_INVALID_ARGUMENT, "float32", layout_size, device,
                  onednn::token_of({dnnl_aBcd16b, 0, false}), TN_INT32, 4, dims, &bytes);
}

}  // namespace
}  // namespace tenon::cpu::testing
