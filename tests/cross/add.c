/* SPDX-License-Identifier: Apache-2.0
 *
 * add PLUGIN: opens a plugin through libtenon and adds four numbers on its first device. Small
 * enough to be run under an emulator at every change (scripts/stages/cross); what the device does
 * beyond that the judge says.
 */
#include <stdio.h>

#include "tenon/tenon.h"

#define TRY(call)                                                               \
  do {                                                                          \
    const tn_status status = (call);                                            \
    if (status != TN_OK) {                                                      \
      fprintf(stderr, "%s: 0x%x %s\n", #call, (unsigned)status, error.message); \
      return 1;                                                                 \
    }                                                                           \
  } while (0)

int main(int count, char** arguments) {
  tn_error error = TN_ERROR_INIT;
  tn_loader* loader = NULL;
  tn_instance* instance = NULL;
  tn_device* device = NULL;
  tn_stream* stream = NULL;
  tn_kernel* kernel = NULL;
  tn_buffer* buffers[3];
  if (count != 2) return fprintf(stderr, "usage: add PLUGIN\n"), 2;
  TRY(tn_loader_create(NULL, &loader, &error));
  TRY(tn_loader_open(loader, arguments[1], NULL, &instance, &error));
  TRY(tn_device_open(instance, 0, NULL, &device, &error));
  TRY(tn_stream_create(device, NULL, &stream, &error));

  const int64_t dims[] = {4};
  const tn_argument argument = {.struct_size = sizeof(argument),
                                .kind = TN_ARGUMENT_DEVICE,
                                .dtype = TN_FLOAT32,
                                .rank = 1,
                                .flags = TN_ARGUMENT_DENSE,
                                .dims = dims};
  const tn_argument* const described[] = {&argument, &argument, &argument};
  const tn_kernel_desc desc = {.struct_size = sizeof(desc),
                               .name = "Add",
                               .version = 14,
                               .inputs = described,
                               .input_count = 2,
                               .outputs = described + 2,
                               .output_count = 1};
  TRY(tn_kernel_create(device, &desc, &kernel, &error));

  const float numbers[4] = {1, 2, 3, 4.5f};
  float sums[4] = {0};
  tn_tensor tensors[3];
  for (int i = 0; i < 3; ++i) {
    const tn_buffer_desc room = {.struct_size = sizeof(room), .kind = TN_BUFFER_DEVICE, .size = 64};
    TRY(tn_buffer_create(device, &room, &buffers[i], &error));
    tensors[i] = (tn_tensor){.buffer = buffers[i], .dims = dims, .dtype = TN_FLOAT32, .rank = 1};
    TRY(tn_stream_write(stream, buffers[i], 0, numbers, sizeof(numbers), &error));
  }
  const tn_tensor* const inputs[] = {&tensors[0], &tensors[1]};
  const tn_tensor* const outputs[] = {&tensors[2]};
  const tn_launch launch = {.struct_size = sizeof(launch),
                            .inputs = inputs,
                            .input_count = 2,
                            .outputs = outputs,
                            .output_count = 1};
  TRY(tn_kernel_launch(kernel, stream, &launch, &error));
  TRY(tn_stream_read(stream, sums, buffers[2], 0, sizeof(sums), &error));
  TRY(tn_stream_synchronize(stream, &error));
  int wrong = 0;
  for (int i = 0; i < 4; ++i) wrong += sums[i] != 2 * numbers[i];
  if (wrong != 0) fprintf(stderr, "%d of 4 sums are wrong\n", wrong);

  tn_kernel_destroy(kernel);
  for (int i = 0; i < 3; ++i) tn_buffer_destroy(buffers[i], NULL);
  tn_stream_destroy(stream);
  tn_device_close(device);
  tn_loader_destroy(loader);
  return wrong != 0;
}
