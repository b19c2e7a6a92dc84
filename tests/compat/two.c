/* SPDX-License-Identifier: Apache-2.0
 *
 *   two FIRST SECOND PLUGIN
 *
 * Two libtenon in one process, as two packages bring them: the plugin is opened through each, and
 * each is called with what the other has made. Calls of the table find their own way. For
 * extensions a libtenon must know where the other keeps its tables: another version's it does not,
 * and has to say so. Prints a fact a line.
 */
#include <dlfcn.h>
#include <stdio.h>

#include "tenon/tenon.h"

typedef tn_function(TN_CALL* get_function_fn)(const char*);

typedef struct {
  get_function_fn get;
  tn_loader* loader;
  tn_instance* instance;
} side;

static int open_side(side* s, const char* path, const char* plugin) {
  tn_error error = TN_ERROR_INIT;
  void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) return printf("%s\n", dlerror()), 0;
  *(void**)&s->get = dlsym(library, "tn_get_function");
  tn_status(TN_CALL * create)(const tn_loader_desc*, tn_loader**, tn_error*) = (tn_status(TN_CALL*)(
      const tn_loader_desc*, tn_loader**, tn_error*))s->get("tn_loader_create");
  tn_status(TN_CALL * open)(tn_loader*, const char*, const tn_open_desc*, tn_instance**,
                            tn_error*) =
      (tn_status(TN_CALL*)(tn_loader*, const char*, const tn_open_desc*, tn_instance**,
                           tn_error*))s->get("tn_loader_open");
  const int opened = create(NULL, &s->loader, &error) == TN_OK &&
                     open(s->loader, plugin, NULL, &s->instance, &error) == TN_OK;
  if (!opened) printf("%s\n", error.message);
  return opened;
}

static void cross(const char* who, const side* caller, const side* other) {
  tn_error error = TN_ERROR_INIT;
  tn_instance_info plugin = {.struct_size = sizeof(plugin)};
  tn_status(TN_CALL * info)(tn_instance*, tn_instance_info*, tn_error*) = (tn_status(TN_CALL*)(
      tn_instance*, tn_instance_info*, tn_error*))caller->get("tn_instance_get_info");
  printf("%s info 0x%x\n", who, (unsigned)info(other->instance, &plugin, &error));
  /* All that is looked at of a stream is its first word. */
  tn_handle stream = {((const tn_handle*)other->instance)->dispatch};
  tn_status(TN_CALL * wait)(tn_stream*, tn_event*, tn_error*) =
      (tn_status(TN_CALL*)(tn_stream*, tn_event*, tn_error*))caller->get("tn_peer_wait_event");
  printf("%s extension 0x%x\n", who, (unsigned)wait((tn_stream*)&stream, NULL, &error));
}

int main(int count, char** arguments) {
  side first, second;
  if (count != 4 || !open_side(&first, arguments[1], arguments[3]) ||
      !open_side(&second, arguments[2], arguments[3])) {
    return 2;
  }
  printf("apart %d\n", first.instance != second.instance);
  cross("first", &first, &second);
  cross("second", &second, &first);
  ((void(TN_CALL*)(tn_loader*))second.get("tn_loader_destroy"))(second.loader);
  cross("still first", &first, &first);
  ((void(TN_CALL*)(tn_loader*))first.get("tn_loader_destroy"))(first.loader);
  return 0;
}
