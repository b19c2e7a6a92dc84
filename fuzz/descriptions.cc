// SPDX-License-Identifier: Apache-2.0
#include "fuzz/descriptions.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "tenon/dtype.h"

namespace tenon::fuzz {
namespace {

constexpr int64_t kHuge[] = {INT64_MAX,        INT64_MIN + 1,          -1,  INT64_C(1) << 62,
                             INT64_C(1) << 32, (INT64_C(1) << 31) - 1, 4097};
constexpr size_t kManyCounts[] = {0, 1, 2, 3, 17, 65537, SIZE_MAX, SIZE_MAX / 8 + 1};

template <class T>
void scramble(Choices& choices, T* value) {
  const uint64_t bits = choices.number(sizeof(T));
  std::memcpy(value, &bits, sizeof(T));
}

tn_dtype type_of(Choices& choices, uint64_t allowed) {
  std::vector<tn_dtype> types;
  for (tn_dtype dtype = 1; dtype < 64; ++dtype) {
    if ((allowed >> dtype & 1) != 0) types.push_back(dtype);
  }
  return types.empty() ? TN_FLOAT32 : choices.in(types);
}

// Those that devices have: hosts do views by themselves.
const std::vector<const runtime::OperatorInfo*>& computed() {
  static const std::vector<const runtime::OperatorInfo*> all = [] {
    std::vector<const runtime::OperatorInfo*> found;
    for (const runtime::OperatorInfo& info : runtime::operators()) {
      if (!info.view() || info.name == "Identity" || info.name == "Slice") found.push_back(&info);
    }
    return found;
  }();
  return all;
}

}  // namespace

int64_t dense_bytes(tn_dtype dtype, std::span<const int64_t> dims, int64_t most) {
  int64_t count = 1;
  for (const int64_t dim : dims) {
    if (dim < 0) return -1;
    if (dim == 0) return 0;
  }
  for (const int64_t dim : dims) {
    if (dim > most || count > most / dim) return -1;
    count *= dim;
  }
  return (count * std::max<int64_t>(tn_dtype_bits(dtype), 8) + 7) / 8;
}

Description::Description(Choices& choices, tn_constant* constant)
    : choices_(choices), constant_(constant) {
  const runtime::OperatorInfo& info = *choices.in(computed());
  desc_.struct_size = sizeof(desc_);
  desc_.domain = info.domain.data();
  desc_.name = info.name.data();
  desc_.version = info.version;
  desc_.flags = choices.of<uint32_t>({0, 0, 0, 1, 2, 4, 7});
  desc_.math_mode = static_cast<tn_math_mode>(choices.below(4));
  choose_dims();
  const tn_dtype dtype = type_of(choices, info.dtypes);
  size_t input_count = info.inputs.size();
  if (info.variadic()) input_count += choices.below(3);
  while (input_count > 0 && choices.chance(15)) --input_count;  // Optional ones at the end.
  const size_t output_count = info.outputs.empty() ? 1 : 1 + choices.below(info.outputs.size());
  inputs_.resize(input_count);
  outputs_.resize(output_count);
  for (size_t i = 0; i < input_count; ++i) {
    describe(&inputs_[i], false, dtype);
    if (i < info.inputs.size() && (info.inputs[i].flags & runtime::kHostOnly) != 0 &&
        inputs_[i].kind == TN_ARGUMENT_DEVICE) {
      inputs_[i].kind = TN_ARGUMENT_HOST;
      inputs_[i].strides = nullptr;
    }
    input_pointers_.push_back(&inputs_[i]);
  }
  for (size_t i = 0; i < output_count; ++i) {
    const bool boolean = info.boolean() || info.name == "IsNaN" || info.name == "IsInf";
    const bool index = info.name.starts_with("Arg") || (i == 1 && info.name == "TopK");
    describe(&outputs_[i], true, boolean ? tn_dtype{TN_BOOL} : index ? tn_dtype{TN_INT64} : dtype);
    output_pointers_.push_back(&outputs_[i]);
  }
  desc_.inputs = input_pointers_.data();
  desc_.input_count = input_count;
  desc_.outputs = output_pointers_.data();
  desc_.output_count = output_count;
  add_attributes(info);
  if (choices.chance(1)) scramble(choices, &desc_.version);
  if (choices.chance(1)) scramble(choices, &desc_.flags);
  if (choices.chance(1)) scramble(choices, &desc_.math_mode);
  if (choices.chance(1)) scramble(choices, &desc_.reserved);
  if (choices.chance(1)) desc_.struct_size = choices.of<size_t>({0, 8, 40, SIZE_MAX, 1 << 20});
  if (choices.chance(1)) desc_.domain = nullptr;
  if (choices.chance(1)) desc_.name = nullptr;
  // Counts that no list can have; those that the list has not are a host's lie about memory.
  if (choices.chance(1)) desc_.inputs = nullptr;
  if (choices.chance(1)) desc_.input_count = std::min(desc_.input_count, choices.below(4));
  if (choices.chance(1)) desc_.attributes = nullptr;
}

void Description::choose_dims() {
  rank_ = choices_.of<int32_t>({2, 1, 3, 4, 0, 5, 2, 4, 3, 16});
  dims_.clear();
  for (int32_t i = 0; i < rank_; ++i) {
    dims_.push_back(rank_ > 5 ? choices_.of<int64_t>({1, 1, 1, 2})
                              : choices_.of<int64_t>({3, 1, 2, 4, 5, 0, 7, 3, 17}));
  }
}

// The dims of most arguments; others change here and there.
std::vector<int64_t> Description::dims_of(int32_t rank) {
  std::vector<int64_t> dims(static_cast<size_t>(rank), 1);
  for (size_t i = 0; i < dims.size(); ++i) {
    if (i < dims_.size()) dims[dims.size() - 1 - i] = dims_[dims_.size() - 1 - i];
    if (choices_.chance(12)) dims[dims.size() - 1 - i] = choices_.of<int64_t>({1, 2, 3, 0, 9});
  }
  return dims;
}

const int64_t* Description::keep(std::vector<int64_t> values) {
  values.resize(std::max<size_t>(values.size(), 1));
  return lists_.emplace_back(std::move(values)).data();
}

const void* Description::keep_bytes(int64_t size) {
  auto& bytes = bytes_.emplace_back(std::make_unique<unsigned char[]>(static_cast<size_t>(size)));
  for (int64_t i = 0; i < size; ++i) {
    bytes[static_cast<size_t>(i)] = static_cast<unsigned char>(i % 8 == 0 ? choices_.below(4) : 0);
  }
  return bytes.get();
}

void Description::describe(tn_argument* argument, bool output, tn_dtype dtype) {
  argument->struct_size = sizeof(*argument);
  argument->kind = TN_ARGUMENT_DEVICE;
  argument->dtype =
      choices_.chance(85)
          ? dtype
          : choices_.of<tn_dtype>({TN_INT64, TN_INT32, TN_BOOL, TN_FLOAT32, TN_UINT8, TN_FLOAT16});
  argument->rank = choices_.chance(80) ? rank_ : static_cast<int32_t>(choices_.below(6));
  const std::vector<int64_t> dims = dims_of(argument->rank);
  argument->dims = keep(dims);
  if (!output) {
    const size_t kind = choices_.below(20);
    const int64_t size = dense_bytes(argument->dtype, dims);
    if (kind == 1) argument->kind = TN_ARGUMENT_ABSENT;
    if (kind == 2) argument->kind = TN_ARGUMENT_HOST;
    if (kind == 3 && size >= 0) {
      argument->kind = TN_ARGUMENT_CONSTANT;
      argument->host_data = keep_bytes(size);
    }
    if (kind == 4 && constant_ != nullptr) {
      argument->kind = TN_ARGUMENT_CONSTANT;
      argument->constant = constant_;
      argument->dtype = TN_FLOAT32;
      argument->rank = 1;
      argument->dims = keep({3});
    }
  }
  if (output && choices_.chance(60)) {
    argument->dims = nullptr;  // What the inputs make of it.
    argument->flags = choices_.chance(50) ? TN_ARGUMENT_DENSE : 0;
  } else if (argument->kind == TN_ARGUMENT_DEVICE) {
    switch (choices_.below(9)) {
      case 0:
      case 1: {  // Dense, said by strides.
        std::vector<int64_t> strides(dims.size());
        int64_t step = 1;
        for (size_t i = dims.size(); i-- > 0;) {
          strides[i] = step;
          step *= std::max<int64_t>(dims[i], 1);
        }
        argument->strides = keep(strides);
        break;
      }
      case 2:
      case 5:
      case 6:
        argument->flags = TN_ARGUMENT_DENSE;
        break;
      case 3: {  // Any small ones.
        std::vector<int64_t> strides(dims.size());
        for (int64_t& stride : strides) stride = choices_.of<int64_t>({1, 0, -1, 2, 3, 8, -5});
        argument->strides = keep(strides);
        break;
      }
      case 4:
      case 7:  // Of unknown dims and strides.
        argument->dims =
            choices_.chance(50) ? nullptr : keep(std::vector<int64_t>(dims.size(), TN_DYNAMIC));
        break;
      default:
        argument->layout = choices_.of<tn_layout>(
            {TN_LAYOUT_ANY, TN_LAYOUT_ANY, TN_LAYOUT_ANY, 16, 17, 2, UINT64_MAX});
    }
    if (choices_.chance(10)) argument->alignment = choices_.of<uint32_t>({64, 1, 3, 1u << 31, 16});
    if (choices_.chance(10)) argument->min_dims = keep(std::vector<int64_t>(dims.size(), 1));
    if (choices_.chance(10)) {
      argument->max_dims =
          keep(std::vector<int64_t>(dims.size(), choices_.of<int64_t>({8, 0, 1, 1 << 20})));
    }
    if (choices_.chance(10)) {
      auto& symbols = symbols_.emplace_back(std::max<size_t>(dims.size(), 1));
      for (int32_t& symbol : symbols) symbol = static_cast<int32_t>(choices_.below(3));
      argument->symbols = symbols.data();
    }
  }
  if (output ? choices_.chance(15) : choices_.chance(3)) {
    argument->alias = static_cast<int32_t>(choices_.below(3));
  }
  if (choices_.chance(2)) break_one(argument);
}

// One field that no host should set so. Lists stay as long as they were.
void Description::break_one(tn_argument* argument) {
  const auto list = [&] {
    std::vector<int64_t> values(TN_MAX_RANK + 1, 1);
    for (int32_t i = 0; i < std::min<int32_t>(argument->rank, TN_MAX_RANK); ++i) {
      values[static_cast<size_t>(i)] =
          choices_.chance(50) ? kHuge[choices_.below(std::size(kHuge))] : 2;
    }
    return keep(values);
  };
  switch (choices_.below(12)) {
    case 0:
      argument->struct_size = choices_.of<size_t>({0, 7, 8, 24, SIZE_MAX, 1 << 20});
      break;
    case 1:
      scramble(choices_, &argument->kind);
      break;
    case 2:
      scramble(choices_, &argument->dtype);
      break;
    case 3:
      // Dims for 17 of them are there; a rank beyond that is refused before any is read.
      argument->dims = keep(std::vector<int64_t>(TN_MAX_RANK + 1, 1));
      argument->strides = argument->min_dims = argument->max_dims = nullptr;
      argument->symbols = nullptr;
      argument->host_data = nullptr;
      argument->rank = choices_.of<int32_t>({17, -1, INT32_MAX, INT32_MIN, 16});
      break;
    case 4:
      scramble(choices_, &argument->alias);
      break;
    case 5:
      scramble(choices_, &argument->flags);
      break;
    case 6:
      scramble(choices_, &argument->alignment);
      break;
    case 7:
      argument->dims = list();
      argument->host_data = nullptr;  // There would have to be as much.
      break;
    case 8:
      argument->strides = list();
      break;
    case 9:
      argument->min_dims = list();
      break;
    case 10:
      argument->max_dims = list();
      break;
    default:
      scramble(choices_, &argument->layout);
  }
}

void Description::add_attributes(const runtime::OperatorInfo& info) {
  for (const AttributeFact& fact : info.attributes) {
    if (fact.is_required ? choices_.chance(95) : choices_.chance(40)) add_attribute(fact);
  }
  for (const tn_attribute& attribute : attributes_) attribute_pointers_.push_back(&attribute);
  if (choices_.chance(2) && !attribute_pointers_.empty()) {
    attribute_pointers_.push_back(attribute_pointers_.front());  // Twice.
  }
  desc_.attributes = attribute_pointers_.data();
  desc_.attribute_count = attribute_pointers_.size();
}

void Description::add_attribute(const AttributeFact& fact) {
  tn_attribute& attribute = attributes_.emplace_back();
  attribute.struct_size = sizeof(attribute);
  attribute.name = texts_.emplace_back(fact.name).c_str();
  attribute.type = fact.type;
  const bool list = fact.type >= TN_ATTRIBUTE_FLOATS;
  attribute.count =
      list ? choices_.of<size_t>({static_cast<size_t>(std::max(rank_, 0)), 2, 4, 0, 1, 8}) : 1;
  const size_t count = attribute.count;
  const auto integer = [&]() -> int64_t {
    if (fact.value_count != 0 && fact.words[0].empty() && choices_.chance(90)) {
      return fact.numbers[choices_.below(fact.value_count)];
    }
    return choices_.chance(92) ? choices_.of<int64_t>({1, 0, 2, 3, -1, fact.integer})
                               : kHuge[choices_.below(std::size(kHuge))];
  };
  switch (fact.type) {
    case TN_ATTRIBUTE_FLOAT:
    case TN_ATTRIBUTE_FLOATS: {
      auto& values = reals_.emplace_back(std::max<size_t>(count, 1));
      for (float& value : values) {
        value = choices_.of<float>({fact.real, 0, 1, 0.5F, -1, 1e30F,
                                    std::numeric_limits<float>::quiet_NaN(),
                                    std::numeric_limits<float>::infinity()});
      }
      attribute.floats = values.data();
      break;
    }
    case TN_ATTRIBUTE_STRING:
    case TN_ATTRIBUTE_STRINGS: {
      std::string text(fact.text);
      if (fact.value_count != 0) text = fact.words[choices_.below(fact.value_count)];
      if (choices_.chance(5)) text = std::string(choices_.below(300), 'x');
      for (size_t i = 0; i < std::max<size_t>(count, 1); ++i) {
        const std::string& kept = texts_.emplace_back(text);
        strings_.push_back({kept.data(), kept.size()});
      }
      // Of a deque, so no array: one is enough.
      attribute.count = std::min<size_t>(count, 1);
      attribute.strings = &strings_.back();
      break;
    }
    default: {
      std::vector<int64_t> values(std::max<size_t>(count, 1));
      for (int64_t& value : values) value = integer();
      attribute.ints = keep(values);
    }
  }
  if (choices_.chance(2)) scramble(choices_, &attribute.type);
  if (choices_.chance(2)) attribute.name = choices_.chance(50) ? nullptr : "no_such_attribute";
  if (choices_.chance(2)) attribute.struct_size = choices_.of<size_t>({0, 8, SIZE_MAX});
  if (choices_.chance(2)) attribute.count = kManyCounts[choices_.below(2)];
  if (choices_.chance(1)) {
    attribute.ints = nullptr;
    attribute.floats = nullptr;
    attribute.strings = nullptr;
    attribute.count = kManyCounts[choices_.below(std::size(kManyCounts))];
  }
}

}  // namespace tenon::fuzz
