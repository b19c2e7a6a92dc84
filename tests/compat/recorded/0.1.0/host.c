/* SPDX-License-Identifier: Apache-2.0
 *
 *   host PLUGIN LAYERS          opens it with the libtenon that this program is linked with
 *   host --without PLUGIN       calls its entry itself, as a host does that needs no libtenon
 *
 * A host of its version of tenon.h: opens a library, says what it met, a fact a line, and adds two
 * tensors on its device where the plugin has the operator. Exits with 1 when something fails that
 * should not.
 */
#include <dlfcn.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tenon/tenon.h"

static tn_error error = TN_ERROR_INIT;

/* Each handle begins with the table that it is called through. */
#define OF(handle, function) ((const tn_handle*)(handle))->dispatch->function
#define CHECK(condition)                                                                \
  do {                                                                                  \
    if (!(condition)) {                                                                 \
      printf("failed: %s: 0x%x %s\n", #condition, (unsigned)error.code, error.message); \
      return 1;                                                                         \
    }                                                                                   \
  } while (0)

enum { kCount = 4 };

static int add(tn_device* device) {
  const int64_t dims[] = {kCount};
  const tn_argument argument = {.struct_size = sizeof(argument),
                                .kind = TN_ARGUMENT_DEVICE,
                                .dtype = TN_FLOAT32,
                                .rank = 1,
                                .dims = dims};
  const tn_argument* inputs[] = {&argument, &argument};
  const tn_argument* outputs[] = {&argument};
  const tn_kernel_desc desc = {.struct_size = sizeof(desc),
                               .name = "Add",
                               .version = 14,
                               .inputs = inputs,
                               .input_count = 2,
                               .outputs = outputs,
                               .output_count = 1};
  tn_kernel* kernel = NULL;
  /* Without libtenon nobody has put a function where the plugin has none. */
  const tn_status made = OF(device, kernel_create) == NULL
                             ? TN_UNIMPLEMENTED
                             : OF(device, kernel_create)(device, &desc, &kernel, &error);
  printf("kernel 0x%x\n", (unsigned)made);
  if (made == TN_UNSUPPORTED) printf("because %s\n", error.message);
  if (made != TN_OK) return 0;
  tn_stream* stream = NULL;
  const tn_stream_desc stream_desc = {.struct_size = sizeof(stream_desc)};
  CHECK(OF(device, stream_create)(device, &stream_desc, &stream, &error) == TN_OK);
  tn_buffer* buffer = NULL;
  const tn_buffer_desc buffer_desc = {.struct_size = sizeof(buffer_desc), .size = 256};
  CHECK(OF(device, buffer_create)(device, &buffer_desc, &buffer, &error) == TN_OK);
  float values[] = {1, 2, 3, 4};
  CHECK(OF(stream, stream_write)(stream, buffer, 0, values, sizeof(values), &error) == TN_OK);
  const tn_tensor x = {.buffer = buffer, .dims = dims, .dtype = TN_FLOAT32, .rank = 1};
  const tn_tensor y = {
      .buffer = buffer, .offset = 128, .dims = dims, .dtype = TN_FLOAT32, .rank = 1};
  const tn_tensor* from[] = {&x, &x};
  const tn_tensor* to[] = {&y};
  const tn_launch launch = {.struct_size = sizeof(launch),
                            .inputs = from,
                            .input_count = 2,
                            .outputs = to,
                            .output_count = 1};
  CHECK(OF(kernel, kernel_launch)(kernel, stream, &launch, &error) == TN_OK);
  CHECK(OF(stream, stream_read)(stream, values, buffer, 128, sizeof(values), &error) == TN_OK);
  CHECK(OF(stream, stream_synchronize)(stream, &error) == TN_OK);
  printf("sums %g %g %g %g\n", values[0], values[1], values[2], values[3]);
  OF(kernel, kernel_destroy)(kernel);
  OF(buffer, buffer_destroy)(buffer, stream);
  OF(stream, stream_destroy)(stream);
  return 0;
}

static int use(tn_instance* instance) {
  size_t count = 0;
  CHECK(OF(instance, instance_device_count)(instance, &count, &error) == TN_OK);
  tn_device_info info = {.struct_size = sizeof(info)};
  CHECK(OF(instance, instance_device_info)(instance, 0, &info, &error) == TN_OK);
  printf("devices %zu, of type %d\n", count, (int)info.type);
  tn_device* device = NULL;
  const tn_device_desc how = {.struct_size = sizeof(how)};
  CHECK(OF(instance, device_open)(instance, 0, &how, &device, &error) == TN_OK);
  const int result = add(device);
  OF(device, device_close)(device);
  return result;
}

static int with_libtenon(const char* plugin, const char* layers) {
  tn_loader* loader = NULL;
  const tn_loader_desc desc = {.struct_size = sizeof(desc), .layers = layers};
  const tn_status made = tn_loader_create(&desc, &loader, &error);
  printf("loader 0x%x\n", (unsigned)made);
  if (made != TN_OK) return 0;
  tn_instance* instance = NULL;
  const tn_status opened = tn_loader_open(loader, plugin, &instance, &error);
  printf("open 0x%x\n", (unsigned)opened);
  if (opened != TN_OK) printf("because %s\n", error.message);
  const int result = opened == TN_OK ? use(instance) : 0;
  tn_loader_destroy(loader);
  return result;
}

/* Behind what this version knows of tn_plugin nothing may be written. */
static int without_libtenon(const char* plugin) {
  static const tn_host host = {.struct_size = sizeof(host),
                               .abi_major = TN_ABI_MAJOR,
                               .abi_minor = TN_ABI_MINOR,
                               .abi_hash = TN_ABI_HASH};
  void* library = dlopen(plugin, RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) return printf("%s\n", dlerror()), 1;
  tn_plugin_entry_fn entry = NULL;
  *(void**)&entry = dlsym(library, TN_PLUGIN_ENTRY_NAME);
  CHECK(entry != NULL);
  struct {
    tn_plugin plugin;
    char behind[64];
  } told;
  memset(&told, 0x55, sizeof(told));
  memset(&told.plugin, 0, sizeof(told.plugin));
  told.plugin.struct_size = sizeof(told.plugin);
  const tn_status answer = entry(&host, &told.plugin, &error);
  printf("entry 0x%x\n", (unsigned)answer);
  for (size_t i = 0; i < sizeof(told.behind); ++i) CHECK(told.behind[i] == 0x55);
  if (answer != TN_OK) return 0;
  printf("plugin %s %u.%u\n", told.plugin.name, told.plugin.abi_major, told.plugin.abi_minor);
  if (told.plugin.abi_hash != TN_ABI_HASH) return printf("of another tenon.h\n"), 0;
  const tn_dispatch* functions = told.plugin.functions;
  const tn_instance_desc desc = {.struct_size = sizeof(desc), .dispatch = functions, .host = &host};
  tn_instance* instance = NULL;
  CHECK(functions->instance_create(&desc, &instance, &error) == TN_OK);
  const int result = use(instance);
  functions->instance_destroy(instance);
  return result;
}

int main(int count, char** arguments) {
  if (count != 3) return 2;
  const int result = strcmp(arguments[1], "--without") == 0
                         ? without_libtenon(arguments[2])
                         : with_libtenon(arguments[1], arguments[2]);
  if (result == 0) printf("done\n");
  return result;
}
