/* SPDX-License-Identifier: Apache-2.0
 *
 * A host that is written from tenon.h alone: opens every plugin that libtenon finds, each tried by
 * a child first, prints a line of each that does not open and why, and uses the reference device.
 */
#include <stdio.h>

#include "tenon/tenon.h"

static int count_devices(tn_loader* loader, const tn_candidate_info* info) {
  const tn_open_desc desc = {.struct_size = sizeof(desc), .flags = TN_OPEN_PROBE};
  const char* path = info->manifest[0] != '\0' ? info->manifest : info->library;
  tn_error error = TN_ERROR_INIT;
  tn_instance* instance = NULL;
  size_t count = 0;
  if (tn_loader_open(loader, path, &desc, &instance, &error) != TN_OK ||
      tn_instance_device_count(instance, &count, &error) != TN_OK) {
    printf("%s: %s\n", path, error.message);
  }
  return (int)count;
}

int main(void) {
  tn_error error = TN_ERROR_INIT;
  tn_loader* loader = NULL;
  size_t count = 0;
  if (tn_loader_create(NULL, &loader, &error) != TN_OK ||
      tn_loader_candidate_count(loader, &count, &error) != TN_OK) {
    return fprintf(stderr, "%s\n", error.message), 1;
  }
  int devices = 0;
  for (size_t i = 0; i < count; ++i) {
    tn_candidate_info info = {.struct_size = sizeof(info)};
    if (tn_loader_candidate_info(loader, i, &info, &error) != TN_OK) return 1;
    if (info.state != TN_CANDIDATE_SHADOWED) devices += count_devices(loader, &info);
  }
  printf("%d devices\n", devices);

  tn_instance* reference = NULL;
  tn_device* device = NULL;
  if (tn_loader_open(loader, "cpu", NULL, &reference, &error) != TN_OK ||
      tn_device_open(reference, 0, NULL, &device, &error) != TN_OK ||
      tn_device_synchronize(device, &error) != TN_OK) {
    return fprintf(stderr, "%s\n", error.message), 1;
  }
  printf("cpu works\n");
  tn_device_close(device);
  tn_loader_destroy(loader);
  return 0;
}
