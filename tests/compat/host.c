/* SPDX-License-Identifier: Apache-2.0
 *
 *   host LIBTENON PLUGIN LAYERS
 *
 * A host built for one version of tenon.h, with a libtenon and a plugin of any. Finds every
 * function by name, as a host does that must run with an older libtenon. Prints what it met, a fact
 * a line; exits with 1 when something fails that should not, whatever the versions are.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "tenon/tenon.h"

typedef tn_function(TN_CALL* get_function_fn)(const char*);
static get_function_fn get;
static tn_error error = TN_ERROR_INIT;

#define TN(result, name, ...) ((result(TN_CALL*)(__VA_ARGS__))get("tn_" #name))
#define CHECK(condition)                                                                \
  do {                                                                                  \
    if (!(condition)) {                                                                 \
      printf("failed: %s: 0x%x %s\n", #condition, (unsigned)error.code, error.message); \
      return 1;                                                                         \
    }                                                                                   \
  } while (0)

/* Whether the device takes the operator of that version and type. */
static tn_status ask(tn_device* device, int32_t version, tn_dtype dtype) {
  const int64_t dims[] = {4};
  const tn_argument argument = {.struct_size = sizeof(argument),
                                .kind = TN_ARGUMENT_DEVICE,
                                .dtype = dtype,
                                .rank = 1,
                                .dims = dims};
  const tn_argument* inputs[] = {&argument, &argument};
  const tn_argument* outputs[] = {&argument};
  const tn_kernel_desc desc = {.struct_size = sizeof(desc),
                               .name = "Add",
                               .version = version,
                               .inputs = inputs,
                               .input_count = 2,
                               .outputs = outputs,
                               .output_count = 1};
  tn_kernel_support support = {.struct_size = sizeof(support)};
  return TN(tn_status, kernel_supports, tn_device*, const tn_kernel_desc*, tn_kernel_support*,
            tn_error*)(device, &desc, &support, &error);
}

/* Rows may be longer than this host knows, and name versions and types that it does not. */
static int show_operators(tn_device* device) {
  tn_operator_table table = {.struct_size = sizeof(table)};
  CHECK(TN(tn_status, device_get_operators, tn_device*, tn_operator_table*, tn_error*)(
            device, &table, &error) == TN_OK);
  for (size_t i = 0; i < table.count; ++i) {
    const tn_operator_entry* row =
        (const tn_operator_entry*)(const void*)((const char*)table.first + i * table.stride);
    if (strcmp(row->name, "Add") != 0) continue;
    printf("row Add %d, %zu types\n", row->version, row->types[0].count);
#ifdef COMPAT_LATER
    printf("row.later %d\n", row->struct_size < sizeof(*row) ? 0 : (int)row->later);
#endif
  }
  printf("Add 14 0x%x\n", (unsigned)ask(device, 14, TN_FLOAT32));
  printf("Add 99 0x%x\n", (unsigned)ask(device, 99, TN_FLOAT32));
#ifdef COMPAT_LATER
  printf("Add 14 of a later type 0x%x\n", (unsigned)ask(device, 14, TN_LATER));
#endif
  return 0;
}

static void TN_CALL log_line(void* context, tn_log_level level, const char* component,
                             const char* message) {
  (void)context, (void)level;
  fprintf(stderr, "%s: %s\n", component, message);
}

int main(int count, char** arguments) {
  if (count != 4) return 2;
  void* library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) return printf("%s\n", dlerror()), 2;
  *(void**)&get = dlsym(library, "tn_get_function");
  CHECK(get != NULL);
  CHECK(get("tn_no_such_function") == NULL && get(NULL) == NULL);

  tn_loader_info speaks = {.struct_size = sizeof(speaks)};
  CHECK(TN(tn_status, loader_version, tn_loader_info*, tn_error*)(&speaks, &error) == TN_OK);
  printf("libtenon %u.%u\n", speaks.abi_major, speaks.abi_minor);

  tn_loader* loader = NULL;
  /* Whoever does not know all of a host's services does without. */
  const tn_host host = {.struct_size = sizeof(host),
#ifdef COMPAT_LATER
                        .later = 1,
#endif
                        .log = log_line};
  const tn_loader_desc desc = {.struct_size = sizeof(desc), .host = &host, .layers = arguments[3]};
  CHECK(TN(tn_status, loader_create, const tn_loader_desc*, tn_loader**, tn_error*)(
            &desc, &loader, &error) == TN_OK);
  tn_instance* instance = NULL;
  const tn_status opened =
      TN(tn_status, loader_open, tn_loader*, const char*, const tn_open_desc*, tn_instance**,
         tn_error*)(loader, arguments[2], NULL, &instance, &error);
  printf("open 0x%x\n", (unsigned)opened);
  if (opened != TN_OK) return 0;

  tn_instance_info who = {.struct_size = sizeof(who)};
  CHECK(TN(tn_status, instance_get_info, tn_instance*, tn_instance_info*, tn_error*)(
            instance, &who, &error) == TN_OK);
  printf("plugin %s %u.%u\n", who.plugin, who.abi_major, who.abi_minor);

  tn_device_info info = {.struct_size = sizeof(info)};
  CHECK(TN(tn_status, instance_device_info, tn_instance*, size_t, tn_device_info*, tn_error*)(
            instance, 0, &info, &error) == TN_OK);
  printf("type %d\n", info.type);

  tn_device_desc how = {.struct_size = sizeof(how)};
  tn_device* device = NULL;
  tn_status(TN_CALL * open)(tn_instance*, size_t, const tn_device_desc*, tn_device**, tn_error*) =
      TN(tn_status, device_open, tn_instance*, size_t, const tn_device_desc*, tn_device**,
         tn_error*);
  CHECK(open(instance, 0, &how, &device, &error) == TN_OK && device != NULL);
  void(TN_CALL * close)(tn_device*) = TN(void, device_close, tn_device*);
  if (show_operators(device) != 0) return 1;

#ifdef COMPAT_LATER
  printf("info.later %llu\n", (unsigned long long)info.later);
  tn_status(TN_CALL * later)(tn_device*, uint64_t*, tn_error*) =
      TN(tn_status, device_later, tn_device*, uint64_t*, tn_error*);
  uint64_t value = 0;
  if (later == NULL) {
    printf("device_later absent\n");
  } else {
    printf("device_later 0x%x\n", (unsigned)later(device, &value, &error));
  }
  close(device);
  how.later = 1;
  const tn_status given = open(instance, 0, &how, &device, &error);
  printf("desc.later 0x%x\n", (unsigned)given);
  CHECK((given == TN_OK) == (device != NULL));
#endif
  close(device);
  TN(void, loader_destroy, tn_loader*)(loader);
  printf("done\n");
  return 0;
}
