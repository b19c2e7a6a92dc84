/* SPDX-License-Identifier: Apache-2.0
 *
 * The one function for which TensorFlow's C API does not suffice. Between the adapter and the shim
 * library only C types pass. */
#ifndef TENON_ADAPTERS_TENSORFLOW_SHIM_VARIABLES_SHIM_H_
#define TENON_ADAPTERS_TENSORFLOW_SHIM_VARIABLES_SHIM_H_

#include <stdint.h>

#include "tensorflow/c/kernels.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tenon_tf_variable {
  void* current; /* The variable's memory. */
  void* fresh;   /* Where the new value goes: `current`, or memory of the same size. */
  const int64_t* dims;
  int32_t rank;
  int32_t dtype; /* TF_DataType. */
} tenon_tf_variable;

/* Answers 1 on success, 0 when the variables must stay as they were. Throws nothing. */
typedef int32_t (*tenon_tf_body)(void* argument, const tenon_tf_variable* variables);

/* Calls `body` with the variables behind `count` inputs of the op, in their order; two inputs may
 * be one variable. update 1: under the locks of all, with fresh memory where a reader holds a
 * variable's tensor, which then becomes the variable's. 0: to read. */
typedef void (*tenon_tf_access_fn)(TF_OpKernelContext* context, const int32_t* inputs,
                                   int32_t count, int32_t update, tenon_tf_body body,
                                   void* argument, TF_Status* status);

#ifdef __cplusplus
}
#endif

#endif
