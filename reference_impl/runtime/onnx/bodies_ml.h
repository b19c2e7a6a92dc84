// SPDX-License-Identifier: Apache-2.0
//
// What the operators of ai.onnx.ml share.
#pragma once

#include "runtime/onnx/body_writer.h"

namespace tenon::runtime::onnx_import {

// Scores as the attribute post_transform says.
std::string transformed(BodyWriter& b, const std::string& scores);
// The labels of the classes: classlabels_strings, or the integers of that name.
std::string labels_of(BodyWriter& b, const char* integers);
// Output 0: the label of the highest score of each row.
void label_of(BodyWriter& b, const std::string& scores, const std::string& labels);

void svm_regressor(BodyWriter& b);
void svm_classifier(BodyWriter& b);

void tree_ensemble(BodyWriter& b);
void tree_ensemble_regressor(BodyWriter& b);
void tree_ensemble_classifier(BodyWriter& b);

}  // namespace tenon::runtime::onnx_import
