// SPDX-License-Identifier: Apache-2.0
//
// Ensembles of trees: all trees go down at once, a level a step, for all rows. A leaf leads to
// itself, so that trees of other depths wait for the deepest.
#include <algorithm>
#include <cfloat>
#include <cmath>
#include <map>
#include <utility>

#include "runtime/onnx/bodies_ml.h"
#include "runtime/onnx/tensor_proto.h"
#include "tenon/tenon.hpp"

namespace tenon::runtime::onnx_import {
namespace {

// Which of below, at and above the split leads to the true branch.
struct Mode {
  bool below, at, above;
};

constexpr std::pair<const char*, Mode> kModes[] = {
    {"BRANCH_LEQ", {true, true, false}}, {"BRANCH_LT", {true, false, false}},
    {"BRANCH_GTE", {false, true, true}}, {"BRANCH_GT", {false, false, true}},
    {"BRANCH_EQ", {false, true, false}}, {"BRANCH_NEQ", {true, false, true}},
};
constexpr size_t kNotEqual = 5, kMember = 6;

struct TreeNode {
  int64_t feature = 0;
  float split = 0;
  Mode mode{};
  bool missing = false;  // NaN leads to the true branch.
  int64_t yes = 0, no = 0;
  bool leaf = true;
};

class Forest {
 public:
  explicit Forest(BodyWriter& b) : b_(b) {}

  int64_t add_leaf() {
    const auto id = static_cast<int64_t>(nodes_.size());
    TreeNode leaf;
    leaf.yes = leaf.no = id;
    nodes_.push_back(leaf);
    return id;
  }
  int64_t add(int64_t feature, float split, size_t mode, bool missing) {
    if (mode >= std::size(kModes)) b_.fail("a node of mode " + std::to_string(mode));
    TreeNode node;
    node.feature = feature;
    node.split = split;
    node.mode = kModes[mode].second;
    node.missing = missing || mode == kNotEqual;
    node.leaf = false;
    nodes_.push_back(node);
    return static_cast<int64_t>(nodes_.size()) - 1;
  }
  TreeNode& at(int64_t id) {
    if (id < 0 || id >= static_cast<int64_t>(nodes_.size()))
      b_.fail("a branch leads to node " + std::to_string(id) + ", which there is not");
    return nodes_[static_cast<size_t>(id)];
  }
  void add_root(int64_t id) { roots_.push_back(id); }
  size_t trees() const { return roots_.size(); }
  size_t size() const { return nodes_.size(); }

  // The leaf of each tree, for each row: [rows, trees].
  std::string leaves(const std::string& x) {
    const auto table = [&](auto&& value) {
      std::vector<int64_t> list;
      for (const TreeNode& node : nodes_) list.push_back(value(node));
      return b_.integers(list);
    };
    std::vector<float> splits;
    for (const TreeNode& node : nodes_) splits.push_back(node.split);
    split_ = b_.make("CastLike(" + b_.floats(splits) + ", " + x + ")");
    feature_ = table([](const TreeNode& node) { return node.feature; });
    yes_ = table([](const TreeNode& node) { return node.yes; });
    no_ = table([](const TreeNode& node) { return node.no; });
    const std::string batch = b_.make("Slice(" + b_.make("Shape(" + x + ")") + ", " +
                                      b_.integers({0}) + ", " + b_.integers({1}) + ")");
    const std::string all = b_.make("Concat<axis = 0>(" + batch + ", " +
                                    b_.integers({static_cast<int64_t>(trees())}) + ")");
    std::string at = b_.make("Expand(" + b_.integers(roots_) + ", " + all + ")");
    for (int64_t level = depth(); level > 0; --level) {
      const std::string value =
          b_.make("GatherElements<axis = 1>(" + x + ", " + taken(feature_, at) + ")");
      at = b_.make("Where(" + condition(value, at) + ", " + taken(yes_, at) + ", " +
                   taken(no_, at) + ")");
    }
    return at;
  }

 private:
  std::string taken(const std::string& table, const std::string& at) {
    return b_.make("Gather(" + table + ", " + at + ")");
  }

  // Where all nodes compare alike it is one comparison.
  std::string condition(const std::string& value, const std::string& at) {
    const std::string split = taken(split_, at);
    const auto compare = [&](const char* op) {
      return b_.make(std::string(op) + "(" + value + ", " + split + ")");
    };
    const auto inner = std::ranges::find_if(nodes_, [](const TreeNode& n) { return !n.leaf; });
    const bool alike = std::ranges::all_of(nodes_, [&](const TreeNode& node) {
      return node.leaf || (node.mode.below == inner->mode.below && node.mode.at == inner->mode.at &&
                           node.mode.above == inner->mode.above && !node.missing);
    });
    if (alike && !inner->mode.above)
      return compare(!inner->mode.at ? "Less" : inner->mode.below ? "LessOrEqual" : "Equal");
    if (alike) return compare(inner->mode.at ? "GreaterOrEqual" : "Greater");
    std::string any;
    const auto add = [&](const std::string& is, auto&& leads) {
      std::vector<int64_t> list;
      for (const TreeNode& node : nodes_) list.push_back(!node.leaf && leads(node));
      const std::string chosen = b_.make("Cast<to = 9>(" + taken(b_.integers(list), at) + ")");
      const std::string both = b_.make("And(" + is + ", " + chosen + ")");
      any = any.empty() ? both : b_.make("Or(" + any + ", " + both + ")");
    };
    add(compare("Less"), [](const TreeNode& node) { return node.mode.below; });
    add(compare("Equal"), [](const TreeNode& node) { return node.mode.at; });
    add(compare("Greater"), [](const TreeNode& node) { return node.mode.above; });
    add(b_.make("IsNaN(" + value + ")"), [](const TreeNode& node) { return node.missing; });
    return any;
  }

  // The most branches from a root to a leaf. Nodes that lead in a circle have none.
  int64_t depth() {
    int64_t deepest = 0;
    std::vector<std::pair<int64_t, int64_t>> open;
    for (const int64_t root : roots_) open.emplace_back(root, 0);
    size_t steps = 0;
    while (!open.empty()) {
      const auto [id, level] = open.back();
      open.pop_back();
      deepest = std::max(deepest, level);
      if (at(id).leaf) continue;
      if (++steps > nodes_.size() * std::max<size_t>(trees(), 1)) b_.fail("its nodes are no trees");
      open.emplace_back(at(id).yes, level + 1);
      open.emplace_back(at(id).no, level + 1);
    }
    return deepest;
  }

  BodyWriter& b_;
  std::vector<TreeNode> nodes_;
  std::vector<int64_t> roots_;
  std::string split_, feature_, yes_, no_;
};

// What leaves give to targets, and how trees' gifts come together.
class Gifts {
 public:
  Gifts(BodyWriter& b, const Forest& forest, int64_t targets, const std::string& function)
      : b_(b), forest_(forest), targets_(targets), function_(function) {
    const float start = function == "MIN" ? FLT_MAX : function == "MAX" ? -FLT_MAX : 0;
    if (targets <= 0 || targets > (int64_t{1} << 24) / static_cast<int64_t>(forest.size() + 1))
      b.fail(std::to_string(targets) + " targets of " + std::to_string(forest.size()) + " nodes");
    values_.assign(forest.size() * static_cast<size_t>(targets), start);
  }

  void add(int64_t leaf, int64_t target, float weight) {
    if (target < 0 || target >= targets_)
      b_.fail("a leaf of target " + std::to_string(target) + " of " + std::to_string(targets_));
    float& value = values_[static_cast<size_t>(leaf * targets_ + target)];
    value = function_ == "MIN"   ? std::min(value, weight)
            : function_ == "MAX" ? std::max(value, weight)
                                 : value + weight;
  }

  // [rows, targets] of the leaves that were reached.
  std::string total(const std::string& leaves, const std::string& like) {
    const std::string table =
        b_.make("CastLike(" + b_.floats(values_, {static_cast<int64_t>(forest_.size()), targets_}) +
                ", " + like + ")");
    const std::string each = b_.make("Gather(" + table + ", " + leaves + ")");
    const char* op = function_ == "MIN"   ? "ReduceMin"
                     : function_ == "MAX" ? "ReduceMax"
                                          : "ReduceSum";
    const std::string sum =
        b_.make(std::string(op) + "<keepdims = 0>(" + each + ", " + b_.integers({1}) + ")");
    if (function_ != "AVERAGE") return sum;
    return b_.make("Div(" + sum + ", " + b_.number_like(static_cast<float>(forest_.trees()), like) +
                   ")");
  }

 private:
  BodyWriter& b_;
  const Forest& forest_;
  int64_t targets_;
  std::string function_;
  std::vector<float> values_;
};

std::vector<float> floats_of(const onnx::TensorProto* tensor) {
  std::vector<float> values;
  if (tensor == nullptr) return values;
  const HostTensor host = to_host_tensor(*tensor, "");
  const size_t size = tn_dtype_bits(host.dtype) / 8;
  for (int64_t i = 0; i < host.count(); ++i)
    values.push_back(static_cast<float>(
        read_element(host.dtype, host.data.data() + static_cast<size_t>(i) * size)->to_double()));
  return values;
}

std::vector<float> reals_of(BodyWriter& b, const std::string& name) {
  const auto values = b.real_list(name.c_str());
  return values.empty() ? floats_of(b.tensor((name + "_as_tensor").c_str())) : values;
}

// Rows of numbers that trees compare: integers as float32.
std::string rows_of(BodyWriter& b) {
  const int32_t type = b.element_type(0);
  const bool real = type == onnx::TensorProto::FLOAT || type == onnx::TensorProto::DOUBLE ||
                    type == onnx::TensorProto::FLOAT16;
  return real || type == 0 ? b.in(0) : b.make("Cast<to = 1>(" + b.in(0) + ")");
}

// ---- The older form: nodes by the number of their tree and their own ----

using NodeKey = std::pair<int64_t, int64_t>;

class NumberedForest {
 public:
  explicit NumberedForest(BodyWriter& b) : forest(b), b_(b) {
    const auto trees = list("nodes_treeids"), ids = list("nodes_nodeids"),
               features = list("nodes_featureids"), yes = list("nodes_truenodeids"),
               no = list("nodes_falsenodeids"),
               missing = b.integer_list("nodes_missing_value_tracks_true");
    const auto modes = b.text_list("nodes_modes");
    const auto splits = reals_of(b, "nodes_values");
    if (ids.size() != trees.size() || features.size() != trees.size() ||
        yes.size() != trees.size() || no.size() != trees.size() || modes.size() != trees.size() ||
        splits.size() != trees.size())
      b.fail("its lists of nodes are not of one length");
    for (size_t i = 0; i < trees.size(); ++i) {
      const auto mode =
          std::ranges::find_if(kModes, [&](const auto& known) { return modes[i] == known.first; });
      const bool leaf = modes[i] == "LEAF";
      if (!leaf && mode == std::end(kModes)) b.fail("a node of mode '" + modes[i] + "'");
      const int64_t id =
          leaf ? forest.add_leaf()
               : forest.add(features[i], splits[i], static_cast<size_t>(mode - std::begin(kModes)),
                            i < missing.size() && missing[i] != 0);
      if (!numbers_.emplace(NodeKey(trees[i], ids[i]), id).second) b.fail("a node is there twice");
    }
    std::vector<bool> reached(forest.size(), false);
    for (size_t i = 0; i < trees.size(); ++i) {
      TreeNode& node = forest.at(static_cast<int64_t>(i));
      if (node.leaf) continue;
      node.yes = number({trees[i], yes[i]});
      node.no = number({trees[i], no[i]});
      reached[static_cast<size_t>(node.yes)] = reached[static_cast<size_t>(node.no)] = true;
    }
    // A root is the first of its tree that no branch leads to.
    std::map<int64_t, int64_t> roots;
    for (size_t i = 0; i < trees.size(); ++i)
      if (!reached[i]) roots.try_emplace(trees[i], static_cast<int64_t>(i));
    for (const auto& [tree, root] : roots) forest.add_root(root);
  }

  int64_t number(const NodeKey& key) {
    const auto found = numbers_.find(key);
    if (found == numbers_.end())
      b_.fail("tree " + std::to_string(key.first) + " has no node " + std::to_string(key.second));
    return found->second;
  }

  // Of attributes whose names start with `prefix`.
  void give(Gifts& gifts, const std::string& prefix) {
    const auto trees = list(prefix + "_treeids"), ids = list(prefix + "_nodeids"),
               targets = list(prefix + "_ids");
    const auto weights = reals_of(b_, prefix + "_weights");
    if (ids.size() != trees.size() || targets.size() != trees.size() ||
        weights.size() != trees.size())
      b_.fail("its lists of leaves are not of one length");
    for (size_t i = 0; i < trees.size(); ++i)
      gifts.add(number({trees[i], ids[i]}), targets[i], weights[i]);
  }

  std::vector<int64_t> list(const std::string& name) const { return b_.integer_list(name.c_str()); }

  Forest forest;

 private:
  BodyWriter& b_;
  std::map<NodeKey, int64_t> numbers_;
};

std::string with_base(BodyWriter& b, const std::string& sums) {
  const auto base = reals_of(b, "base_values");
  if (base.empty()) return sums;
  const std::string values = b.make("CastLike(" + b.floats(base) + ", " + sums + ")");
  return b.make("Add(" + sums + ", " + values + ")");
}

}  // namespace

void tree_ensemble_regressor(BodyWriter& b) {
  NumberedForest numbered(b);
  Gifts gifts(b, numbered.forest, b.integer("n_targets", 1), b.text("aggregate_function", "SUM"));
  numbered.give(gifts, "target");
  const std::string x = rows_of(b);
  const std::string sums = with_base(b, gifts.total(numbered.forest.leaves(x), x));
  b.result(0, "Cast<to = 1>(" + transformed(b, sums) + ")");
}

void tree_ensemble_classifier(BodyWriter& b) {
  const size_t labels = std::max(b.integer_list("classlabels_int64s").size(),
                                 b.text_list("classlabels_strings").size());
  NumberedForest numbered(b);
  const auto ids = numbered.list("class_ids");
  const bool binary = labels == 2 && !ids.empty() &&
                      std::ranges::all_of(ids, [&](int64_t id) { return id == ids[0]; });
  if (labels < 2) b.fail("it has fewer than two classes");
  Gifts gifts(b, numbered.forest, static_cast<int64_t>(labels), "SUM");
  numbered.give(gifts, "class");
  const std::string x = rows_of(b);
  const std::string sums = gifts.total(numbered.forest.leaves(x), x);
  std::string scores;
  if (binary) {
    // One score for the second of two classes; that of the first is what it lacks.
    const std::string own = b.make("Slice(" + sums + ", " + b.integers({ids[0]}) + ", " +
                                   b.integers({ids[0] + 1}) + ", " + b.integers({1}) + ")");
    const auto base = reals_of(b, "base_values");
    const std::string score =
        base.empty() ? own : b.make("Add(" + own + ", " + b.number_like(base.back(), own) + ")");
    const auto weights = reals_of(b, "class_weights");
    const bool share = b.text("post_transform", "NONE") == "NONE" &&
                       std::ranges::all_of(weights, [](float w) { return w >= 0; });
    const std::string other = share ? b.make("Sub(" + b.number_like(1, score) + ", " + score + ")")
                                    : b.make("Neg(" + score + ")");
    scores = b.make("Concat<axis = 1>(" + other + ", " + score + ")");
  } else {
    scores = with_base(b, sums);
  }
  scores = b.make("Cast<to = 1>(" + transformed(b, scores) + ")");
  b.result(1, "Identity(" + scores + ")");
  label_of(b, scores, labels_of(b, "classlabels_int64s"));
}

// ---- The newer form: branches say whether they lead to a leaf ----

void tree_ensemble(BodyWriter& b) {
  static constexpr const char* kFunctions[] = {"AVERAGE", "SUM", "MIN", "MAX"};
  const auto features = b.integer_list("nodes_featureids"),
             yes = b.integer_list("nodes_truenodeids"), no = b.integer_list("nodes_falsenodeids"),
             yes_leaf = b.integer_list("nodes_trueleafs"),
             no_leaf = b.integer_list("nodes_falseleafs"),
             missing = b.integer_list("nodes_missing_value_tracks_true"),
             targets = b.integer_list("leaf_targetids"), roots = b.integer_list("tree_roots");
  const auto splits = floats_of(b.tensor("nodes_splits")),
             modes = floats_of(b.tensor("nodes_modes")),
             weights = floats_of(b.tensor("leaf_weights")),
             members = floats_of(b.tensor("membership_values"));
  const size_t count = features.size();
  for (const size_t other :
       {yes.size(), no.size(), yes_leaf.size(), no_leaf.size(), splits.size(), modes.size()})
    if (other != count) b.fail("its lists of nodes are not of one length");
  if (targets.size() != weights.size()) b.fail("its lists of leaves are not of one length");
  const int64_t function = b.integer("aggregate_function", 1);
  if (function < 0 || function > 3) b.fail("its aggregate_function");
  if (b.integer("post_transform", 0) != 0) b.fail("a post_transform is not supported");

  Forest forest(b);
  std::vector<int64_t> leaves, nodes(count), lasts(count);
  for (size_t i = 0; i < targets.size(); ++i) leaves.push_back(forest.add_leaf());
  size_t member = 0;
  for (size_t i = 0; i < count; ++i) {
    const auto mode = static_cast<size_t>(modes[i]);
    const bool tracks = i < missing.size() && missing[i] != 0;
    if (mode != kMember) {
      nodes[i] = lasts[i] = forest.add(features[i], splits[i], mode, tracks);
      continue;
    }
    // A set is a row of nodes that compare with one of its members each.
    constexpr size_t kEqual = 4;
    bool first = true;
    for (; member < members.size() && !std::isnan(members[member]); ++member) {
      const int64_t id = forest.add(features[i], members[member], kEqual, tracks);
      if (first) nodes[i] = id;
      first = false;
      lasts[i] = id;
    }
    if (first) b.fail("a set without members");
    ++member;
  }
  const auto place = [&](const std::vector<int64_t>& list, int64_t at) {
    if (at < 0 || at >= static_cast<int64_t>(list.size())) b.fail("a branch leads nowhere");
    return list[static_cast<size_t>(at)];
  };
  for (size_t i = 0; i < count; ++i) {
    const int64_t to = place(yes_leaf[i] != 0 ? leaves : nodes, yes[i]);
    for (int64_t id = nodes[i]; id <= lasts[i]; ++id) {
      forest.at(id).yes = to;
      forest.at(id).no = id + 1;
    }
    forest.at(lasts[i]).no = place(no_leaf[i] != 0 ? leaves : nodes, no[i]);
  }
  for (const int64_t root : roots) {
    const int64_t id = place(nodes, root);
    const auto i = static_cast<size_t>(root);
    // A tree of one leaf is a node both of whose branches lead there.
    forest.add_root(yes_leaf[i] != 0 && no_leaf[i] != 0 && yes[i] == no[i] ? forest.at(id).yes
                                                                           : id);
  }
  Gifts gifts(b, forest, b.integer("n_targets", 1), kFunctions[function]);
  for (size_t i = 0; i < targets.size(); ++i) gifts.add(leaves[i], targets[i], weights[i]);
  const std::string x = rows_of(b);
  b.result(0, "Identity(" + gifts.total(forest.leaves(x), x) + ")");
}

}  // namespace tenon::runtime::onnx_import
