// SPDX-License-Identifier: Apache-2.0
//
// com.microsoft, as ONNX Runtime documents it: attention, with ONNX's own Attention at its heart.
#include "runtime/onnx/bodies.h"

namespace tenon::runtime::onnx_import {
namespace {

// What no float16 is below: a place with it added gets no attention.
constexpr float kNever = -3e38f;

std::string int_attribute(const char* name, int64_t value) {
  return std::string(name) + " = " + std::to_string(value);
}

std::string dim_of(BodyWriter& b, const std::string& value, int64_t axis) {
  return b.make("Gather(" + b.make("Shape(" + value + ")") + ", " + b.integer_number(axis) + ")");
}

std::string range_to(BodyWriter& b, const std::string& count) {
  return b.make("Range(" + b.integer_number(0) + ", " + count + ", " + b.integer_number(1) + ")");
}

std::string reshaped(BodyWriter& b, const std::string& value, const std::vector<int64_t>& dims) {
  return b.make("Reshape(" + value + ", " + b.integers(dims) + ")");
}

// ---- RotaryEmbedding ----

void rotary_embedding(BodyWriter& b) {
  if (b.real("scale", 1) != 1 || b.integer("is_packed_batching", 0) != 0)
    b.fail("a scale, and packed batches, are not supported");
  const auto rank = b.rank(0);
  const bool four = rank == size_t{4};
  int64_t heads = b.integer("num_heads", 0);
  if (!four && heads == 0) {
    // A head is as wide as the table of cosines says.
    const auto hidden = b.dim(0, 2), half = b.dim(2, 1);
    if (!hidden || !half || *half == 0)
      b.fail("num_heads is not given, and the dims that it follows from are not known");
    heads = *hidden / (2 * *half);
  }
  std::string places = b.in(1);
  if (b.rank(1) == size_t{1}) {  // Where the first is.
    const std::string steps = range_to(b, dim_of(b, b.in(0), four ? 2 : 1));
    const std::string row = b.make("Add(" + reshaped(b, places, {1, 1}) + ", " + steps + ")");
    const std::string batch = reshaped(b, dim_of(b, b.in(0), 0), {1});
    const std::string shape = b.make("Concat<axis = 0>(" + batch + ", " + b.integers({1}) + ")");
    places = b.make("Expand(" + row + ", " + shape + ")");
  }
  b.result(0, "RotaryEmbedding<" + int_attribute("interleaved", b.integer("interleaved", 0)) +
                  ", " + int_attribute("num_heads", four ? 0 : heads) + ", " +
                  int_attribute("rotary_embedding_dim", b.integer("rotary_embedding_dim", 0)) +
                  ">(" + b.in(0) + ", " + b.in(2) + ", " + b.in(3) + ", " + places + ")");
}

// ---- MultiHeadAttention ----

// The part of a bias that query, key and value have one behind the other.
std::string biased(BodyWriter& b, const std::string& value, const std::string& from,
                   const std::string& to) {
  const std::string part = b.make("Slice(" + b.in(3) + ", " + reshaped(b, from, {1}) + ", " +
                                  reshaped(b, to, {1}) + ")");
  return b.make("Add(" + value + ", " + part + ")");
}

// What is added to the products: [batch, 1, 1, total] of the padding, and the bias.
std::string attention_mask(BodyWriter& b) {
  std::string mask;
  if (b.has(4)) {
    const auto rank = b.rank(4);
    std::string kept;
    if (rank == size_t{1}) {  // How many keys there are.
      const std::string keys = range_to(b, dim_of(b, b.in(1), 1));
      const std::string counts = b.make("Cast<to = 7>(" + reshaped(b, b.in(4), {-1, 1}) + ")");
      kept = b.make("Less(" + keys + ", " + counts + ")");
    } else if (!rank || *rank == 2) {
      kept = b.make("Cast<to = 9>(" + b.in(4) + ")");
    } else {
      b.fail("a key_padding_mask of rank " + std::to_string(*rank) + " is not supported");
    }
    const std::string columns = b.make("Unsqueeze(" + kept + ", " + b.integers({1, 2}) + ")");
    const std::string none = b.number_like(0, b.in(0));
    const std::string away = b.number_like(b.real("mask_filter_value", -10000), b.in(0));
    mask = b.make("Where(" + columns + ", " + none + ", " + away + ")");
  }
  if (!b.has(5)) return mask;
  return mask.empty() ? b.in(5) : b.make("Add(" + mask + ", " + b.in(5) + ")");
}

void multi_head_attention(BodyWriter& b) {
  if (!b.has(1) || !b.has(2) || b.rank(0).value_or(3) != 3 || b.rank(1).value_or(3) != 3)
    b.fail("packed queries, keys and values, and those of heads, are not supported");
  for (int i = 8; i < b.inputs(); ++i)
    if (b.has(i)) b.fail("its input " + std::to_string(i) + " is not supported");
  if (b.has_out(3)) b.fail("its output 3 is not supported");
  std::string query = b.in(0), key = b.in(1), value = b.in(2);
  if (b.has(3)) {
    const std::string width = dim_of(b, query, 2);
    const std::string twice = b.make("Add(" + width + ", " + width + ")");
    const std::string all = b.make("Add(" + twice + ", " + dim_of(b, value, 2) + ")");
    query = biased(b, query, b.integer_number(0), width);
    key = biased(b, key, width, twice);
    value = biased(b, value, twice, all);
  }
  const std::string mask = attention_mask(b);
  const int64_t heads = b.integer("num_heads", 0);
  std::string attributes = int_attribute("q_num_heads", heads) + ", " +
                           int_attribute("kv_num_heads", heads) + ", " +
                           int_attribute("is_causal", b.integer("unidirectional", 0));
  if (const float scale = b.real("scale", 0); scale != 0)
    attributes += ", scale = " + float_text(scale);
  std::string call = "Attention<" + attributes + ">(" + query + ", " + key + ", " + value;
  if (b.has(6) || !mask.empty()) call += ", " + mask;
  if (b.has(6)) call += ", " + b.in(6) + ", " + b.in(7);
  std::string results = b.out(0);
  if (b.has_out(1) || b.has_out(2)) {
    if (!b.has(6)) {
      // Without a past these are the heads of the keys and values.
      const auto split = [&](const std::string& of) {
        const std::string parts = reshaped(b, of, {0, 0, heads, -1});
        return "Transpose<perm = [0, 2, 1, 3]>(" + parts + ")";
      };
      b.result(1, split(key));
      b.result(2, split(value));
    } else {
      results += ", " + b.out(1) + ", " + b.out(2);
    }
  }
  b.line(results + " = " + call + ")");
}

// ---- GroupQueryAttention ----

class GroupQueryAttention {
 public:
  explicit GroupQueryAttention(BodyWriter& b)
      : b_(b), heads_(b.integer("num_heads", 0)), key_heads_(b.integer("kv_num_heads", 0)) {
    for (int i = 11; i < b.inputs(); ++i)
      if (b.has(i)) b.fail("its input " + std::to_string(i) + " is not supported");
    if (b.integer("smooth_softmax", 0) > 0 || b.integer("qk_output", 0) != 0 || b.has_out(3))
      b.fail("a smooth softmax, and the products of queries and keys, are not supported");
    if (heads_ <= 0 || key_heads_ <= 0) b.fail("num_heads and kv_num_heads are needed");
  }

  void write() {
    split();
    places_of_queries();
    rotate();
    const std::string keys = appended(3, key_), values = appended(4, value_);
    b_.result(1, "Identity(" + keys + ")");
    b_.result(2, "Identity(" + values + ")");
    std::string attributes = "is_causal = 0, softcap = " + float_text(b_.real("softcap", 0));
    if (const float scale = b_.real("scale", 0); scale != 0)
      attributes += ", scale = " + float_text(scale);
    const std::string y = b_.make("Attention<" + attributes + ">(" + query_ + ", " + keys + ", " +
                                  values + ", " + mask(keys) + ")");
    const std::string rows = b_.make("Transpose<perm = [0, 2, 1, 3]>(" + y + ")");
    b_.result(0, "Reshape(" + rows + ", " + b_.integers({0, 0, -1}) + ")");
  }

 private:
  // [batch, heads, length, width] of each.
  void split() {
    std::string query = b_.in(0), key, value;
    if (b_.has(1)) {
      key = b_.in(1), value = b_.in(2);
    } else {
      const int64_t all = heads_ + 2 * key_heads_;
      const std::string width =
          b_.make("Div(" + dim_of(b_, query, 2) + ", " + b_.integer_number(all) + ")");
      const std::string sizes =
          b_.make("Mul(" + b_.integers({heads_, key_heads_, key_heads_}) + ", " + width + ")");
      b_.line("packed_query, packed_key, packed_value = Split<axis = -1>(" + query + ", " + sizes +
              ")");
      query = "packed_query", key = "packed_key", value = "packed_value";
    }
    length_ = dim_of(b_, query, 1);
    query_ = of_heads(query, heads_);
    key_ = of_heads(key, key_heads_);
    value_ = of_heads(value, key_heads_);
  }
  std::string of_heads(const std::string& rows, int64_t heads) {
    return b_.make("Transpose<perm = [0, 2, 1, 3]>(" + reshaped(b_, rows, {0, 0, heads, -1}) + ")");
  }

  // seqlens_k is what there is with these queries, less one. Padded prompts start at 0.
  void places_of_queries() {
    const std::string last = b_.make("Cast<to = 7>(" + reshaped(b_, b_.in(5), {-1, 1}) + ")");
    const std::string count = b_.make("Add(" + last + ", " + b_.integer_number(1) + ")");
    const std::string before = b_.make("Sub(" + count + ", " + length_ + ")");
    const std::string first = b_.make("Max(" + before + ", " + b_.integer_number(0) + ")");
    places_ = b_.make("Add(" + first + ", " + range_to(b_, length_) + ")");
  }

  void rotate() {
    if (b_.integer("do_rotary", 0) == 0) return;
    const std::string places = b_.has(9) ? b_.in(9) : places_;
    int64_t part = 0;  // Of each head, where the tables are narrower than one.
    if (const auto half = b_.dim(7, 1), width = head_width(); half && width && 2 * *half < *width)
      part = 2 * *half;
    for (std::string* one : {&query_, &key_})
      *one = b_.make("RotaryEmbedding<" +
                     int_attribute("interleaved", b_.integer("rotary_interleaved", 0)) + ", " +
                     int_attribute("rotary_embedding_dim", part) + ">(" + *one + ", " + b_.in(7) +
                     ", " + b_.in(8) + ", " + places + ")");
  }
  std::optional<int64_t> head_width() const {
    const auto all = b_.dim(0, 2);
    if (!all) return std::nullopt;
    return *all / (b_.has(1) ? heads_ : heads_ + 2 * key_heads_);
  }

  // What came before, made as long as total_sequence_length says, with the new ones at their
  // places.
  std::string appended(int past, const std::string& rows) {
    const std::string total = b_.as_dim(b_.in(6));
    std::string room = total, buffer;
    if (b_.has(past)) {
      const std::string more = b_.make("Sub(" + total + ", " + dim_of(b_, b_.in(past), 2) + ")");
      room = b_.make("Max(" + more + ", " + b_.integer_number(0) + ")");
    }
    const std::string dims = b_.make("Shape(" + rows + ")");
    const auto part = [&](int64_t from, int64_t to) {
      return b_.make("Slice(" + dims + ", " + b_.integers({from}) + ", " + b_.integers({to}) + ")");
    };
    const std::string shape = b_.make("Concat<axis = 0>(" + part(0, 2) + ", " +
                                      reshaped(b_, room, {1}) + ", " + part(3, 4) + ")");
    const std::string zeros = b_.make("Expand(" + b_.number_like(0, rows) + ", " + shape + ")");
    buffer = b_.has(past) ? b_.make("Concat<axis = 2>(" + b_.in(past) + ", " + zeros + ")") : zeros;
    const std::string wide = b_.make("Unsqueeze(" + places_ + ", " + b_.integers({1, 3}) + ")");
    const std::string indices = b_.make("Expand(" + wide + ", " + dims + ")");
    return b_.make("ScatterElements<axis = 2>(" + buffer + ", " + indices + ", " + rows + ")");
  }

  // A query sees what is not behind its place, and no more of that than the window.
  std::string mask(const std::string& keys) {
    const std::string all = range_to(b_, dim_of(b_, keys, 2));
    const std::string own = b_.make("Unsqueeze(" + places_ + ", " + b_.integers({1, 3}) + ")");
    std::string seen = b_.make("LessOrEqual(" + all + ", " + own + ")");
    if (const int64_t window = b_.integer("local_window_size", -1); window > 0) {
      const std::string least = b_.make("Sub(" + own + ", " + b_.integer_number(window) + ")");
      seen = b_.make("And(" + seen + ", " + b_.make("Less(" + least + ", " + all + ")") + ")");
    }
    const std::string never = b_.number_like(kNever, b_.in(0));
    const std::string bias = b_.has(10) ? b_.in(10) : b_.number_like(0, b_.in(0));
    return b_.make("Where(" + seen + ", " + bias + ", " + never + ")");
  }

  BodyWriter& b_;
  int64_t heads_, key_heads_;
  std::string query_, key_, value_;
  std::string length_;  // Of the queries.
  std::string places_;  // [batch, length] of the queries among the keys.
};

void group_query_attention(BodyWriter& b) { GroupQueryAttention(b).write(); }

}  // namespace

std::span<const Body> microsoft_attention_bodies() {
  static constexpr char kDomain[] = "com.microsoft";
  static constexpr int kOpset = 23;  // Attention and RotaryEmbedding are there.
  static constexpr Body kBodies[] = {
      {kDomain, "RotaryEmbedding", kOpset, rotary_embedding},
      {kDomain, "MultiHeadAttention", kOpset, multi_head_attention},
      {kDomain, "GroupQueryAttention", kOpset, group_query_attention},
  };
  return kBodies;
}

}  // namespace tenon::runtime::onnx_import
