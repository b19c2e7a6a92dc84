/* SPDX-License-Identifier: Apache-2.0
 *
 * A queue that works late: one for all streams of a device, in the order in which work was queued,
 * on a thread of its own. See tenon_plugin.h.
 *
 * The plugin's structs begin with a tnp_work, a tnp_stream or a tnp_event behind the loader's
 * table. A driver that has streams and events already needs none of this.
 */
#ifndef TENON_PLUGIN_QUEUE_H_
#define TENON_PLUGIN_QUEUE_H_

#include "tenon/plugin/device.h"
#include "tenon/plugin/thread.h"

typedef struct tnp_queue tnp_queue;

/* Of a stream: the first failure, until it is reset. */
typedef struct tnp_stream {
  tnp_queue* queue;
  struct tnp_stream* next;
  uint64_t queued; /* Number of the latest work. */
  tn_error failure;
} tnp_stream;

/* Of an event: its records are numbered, the latest counts. */
typedef struct tnp_event {
  tnp_queue* queue;
  uint64_t recorded, complete;
  tn_error failure; /* Of the stream, when the record was reached. */
} tnp_event;

/* A piece of work, which the caller has allocated, as the first member of a struct of its own, and
 * which `end` frees. */
typedef struct tnp_work {
  /* On the queue's thread. NULL: nothing. A status other than TN_OK is a failure of the stream. */
  tn_status (*run)(struct tnp_work* work, tn_error* error);
  /* Afterwards, in any case: gives back what the work holds. Here the callback of a stream is
   * called. `failure` is the stream's as of then (TN_OK: none), and NULL for work of no stream. */
  void (*end)(struct tnp_work* work, const tn_error* failure);
  tnp_stream* stream; /* The queue's. */
  struct tnp_work* next;
} tnp_work;

struct tnp_queue {
  tnp_mutex lock;
  tnp_condition changed;
  tnp_thread thread;
  tnp_work *first, **last;
  tnp_stream* streams;
  uint64_t queued, finished;
  bool ending;
};

static inline tnp_thread_result tnp_queue_work(void* user) {
  tnp_queue* queue = (tnp_queue*)user;
  tnp_mutex_lock(&queue->lock);
  for (;;) {
    while (queue->first == NULL && !queue->ending)
      tnp_condition_wait(&queue->changed, &queue->lock);
    tnp_work* work = queue->first;
    if (work == NULL) break;
    queue->first = work->next;
    if (queue->first == NULL) queue->last = &queue->first;
    tnp_stream* stream = work->stream;
    const bool skip = stream != NULL && stream->failure.code != TN_OK;
    tn_error failure = TN_ERROR_INIT;
    if (work->run != NULL && !skip) {
      tnp_mutex_unlock(&queue->lock);
      const tn_status status = work->run(work, &failure);
      failure.code = status;
      tnp_mutex_lock(&queue->lock);
      if (stream != NULL && status != TN_OK) stream->failure = failure;
    }
    if (stream != NULL) failure = stream->failure;
    tnp_mutex_unlock(&queue->lock);
    work->end(work, stream != NULL ? &failure : NULL);
    tnp_mutex_lock(&queue->lock);
    ++queue->finished;
    tnp_condition_wake(&queue->changed);
  }
  tnp_mutex_unlock(&queue->lock);
  return (tnp_thread_result)0;
}

/* Starts the queue of a device. */
static inline tn_status tnp_queue_start(tnp_queue* queue, tn_error* error) {
  *queue = (tnp_queue){.last = NULL};
  queue->last = &queue->first;
  const bool lock = tnp_mutex_init(&queue->lock);
  const bool changed = lock && tnp_condition_init(&queue->changed);
  if (changed && tnp_thread_start(&queue->thread, tnp_queue_work, queue)) return TN_OK;
  if (changed) tnp_condition_destroy(&queue->changed);
  if (lock) tnp_mutex_destroy(&queue->lock);
  return tnp_fail(error, TN_OUT_OF_MEMORY, "no thread for the device's queue");
}

/* Finishes all work and ends the thread. */
static inline void tnp_queue_end(tnp_queue* queue) {
  tnp_mutex_lock(&queue->lock);
  queue->ending = true;
  tnp_condition_wake(&queue->changed);
  tnp_mutex_unlock(&queue->lock);
  tnp_thread_join(queue->thread);
  tnp_condition_destroy(&queue->changed);
  tnp_mutex_destroy(&queue->lock);
}

/* Queues work of a stream, or (NULL) of none: that always runs, and after all that was queued
 * before. So what queued work may still use is given back. */
static inline void tnp_queue_put(tnp_queue* queue, tnp_stream* stream, tnp_work* work) {
  work->stream = stream;
  work->next = NULL;
  tnp_mutex_lock(&queue->lock);
  *queue->last = work;
  queue->last = &work->next;
  ++queue->queued;
  if (stream != NULL) stream->queued = queue->queued;
  tnp_condition_wake(&queue->changed);
  tnp_mutex_unlock(&queue->lock);
}

/* Waits for all that is queued now, whosever it is. */
static inline void tnp_queue_drain(tnp_queue* queue) {
  tnp_mutex_lock(&queue->lock);
  const uint64_t all = queue->queued;
  while (queue->finished < all) tnp_condition_wait(&queue->changed, &queue->lock);
  tnp_mutex_unlock(&queue->lock);
}

/* Drops an object behind all that is queued, on its thread: at once when that is nothing. */
typedef struct tnp_farewell {
  tnp_work work;
  void (*drop)(void* object);
  void* object;
} tnp_farewell;
static inline void tnp_say_farewell(tnp_work* work, const tn_error* failure) {
  tnp_farewell* farewell = (tnp_farewell*)work;
  (void)failure;
  farewell->drop(farewell->object);
  free(farewell);
}
static inline void tnp_queue_drop(tnp_queue* queue, void (*drop)(void* object), void* object) {
  tnp_mutex_lock(&queue->lock);
  const bool idle = queue->finished == queue->queued;
  tnp_mutex_unlock(&queue->lock);
  tnp_farewell* farewell = idle ? NULL : (tnp_farewell*)calloc(1, sizeof(*farewell));
  if (farewell == NULL) {
    /* Idle; or there is no memory to wait with, so the caller waits. */
    if (!idle) tnp_queue_drain(queue);
    drop(object);
    return;
  }
  farewell->work.end = tnp_say_farewell;
  farewell->drop = drop;
  farewell->object = object;
  tnp_queue_put(queue, NULL, &farewell->work);
}

/* ---- Streams ---- */

static inline void tnp_stream_init(tnp_queue* queue, tnp_stream* stream) {
  *stream = (tnp_stream){.queue = queue, .failure = TN_ERROR_INIT};
  tnp_mutex_lock(&queue->lock);
  stream->next = queue->streams;
  queue->streams = stream;
  tnp_mutex_unlock(&queue->lock);
}

/* What stream_destroy does: `drop` frees the stream behind its work. */
static inline void tnp_stream_destroy(tnp_stream* stream, void (*drop)(void* object),
                                      void* object) {
  tnp_queue* queue = stream->queue;
  tnp_mutex_lock(&queue->lock);
  tnp_stream** link = &queue->streams;
  while (*link != stream) link = &(*link)->next;
  *link = stream->next;
  tnp_mutex_unlock(&queue->lock);
  tnp_queue_drop(queue, drop, object);
}

/* What stream_synchronize and stream_query answer; with `forget`, stream_reset. */
static inline tn_status tnp_stream_finish(tnp_stream* stream, bool wait, bool forget,
                                          tn_error* error) {
  tnp_queue* queue = stream->queue;
  tnp_mutex_lock(&queue->lock);
  /* What was dropped behind this stream's work is waited for, too: then its memory is back. */
  const uint64_t all = wait ? queue->queued : stream->queued;
  while (wait && queue->finished < all) tnp_condition_wait(&queue->changed, &queue->lock);
  const bool finished = queue->finished >= all;
  const tn_error failure = stream->failure;
  if (forget) stream->failure = (tn_error)TN_ERROR_INIT;
  tnp_mutex_unlock(&queue->lock);
  if (failure.code == TN_OK && !finished) return TN_NOT_READY;
  return tnp_give_error(error, &failure);
}

/* What device_synchronize answers. */
static inline tn_status tnp_queue_synchronize(tnp_queue* queue, tn_error* error) {
  tn_error failure = TN_ERROR_INIT;
  tnp_queue_drain(queue);
  tnp_mutex_lock(&queue->lock);
  for (tnp_stream* stream = queue->streams; stream != NULL; stream = stream->next)
    if (stream->failure.code != TN_OK) failure = stream->failure;
  tnp_mutex_unlock(&queue->lock);
  return tnp_give_error(error, &failure);
}

typedef struct tnp_callback_work {
  tnp_work work;
  tn_callback callback;
  void* user;
} tnp_callback_work;
static inline void tnp_call_back(tnp_work* work, const tn_error* failure) {
  tnp_callback_work* self = (tnp_callback_work*)work;
  self->callback(self->user, failure->code, failure->code != TN_OK ? failure : NULL);
  free(self);
}
/* What stream_callback does. */
static inline tn_status tnp_queue_callback(tnp_stream* stream, tn_callback callback, void* user,
                                           tn_error* error) {
  TNP_NEED(callback);
  tnp_callback_work* work = (tnp_callback_work*)calloc(1, sizeof(*work));
  TNP_CHECK(work != NULL, TN_OUT_OF_MEMORY, "no host memory for a callback");
  *work = (tnp_callback_work){.work = {.end = tnp_call_back}, .callback = callback, .user = user};
  tnp_queue_put(stream->queue, stream, &work->work);
  return TN_OK;
}

/* ---- Events ---- */

typedef struct tnp_event_work {
  tnp_work work;
  tnp_event* event;
  uint64_t number;
} tnp_event_work;
static inline void tnp_reach_event(tnp_work* work, const tn_error* failure) {
  tnp_event_work* self = (tnp_event_work*)work;
  tnp_queue* queue = self->event->queue;
  tnp_mutex_lock(&queue->lock);
  self->event->complete = self->number;
  self->event->failure = *failure;
  tnp_mutex_unlock(&queue->lock);
  free(self);
}
static inline tn_status tnp_pass_event(tnp_work* work, tn_error* error) {
  tnp_event* event = ((tnp_event_work*)work)->event;
  tnp_mutex_lock(&event->queue->lock);
  const tn_error failure = event->failure;
  tnp_mutex_unlock(&event->queue->lock);
  return tnp_give_error(error, &failure);
}
static inline void tnp_free_work(tnp_work* work, const tn_error* failure) {
  (void)failure;
  free(work);
}

static inline void tnp_event_init(tnp_queue* queue, tnp_event* event) {
  *event = (tnp_event){.queue = queue, .failure = TN_ERROR_INIT};
}

/* What event_record does. */
static inline tn_status tnp_event_record(tnp_event* event, tnp_stream* stream, tn_error* error) {
  tnp_event_work* work = (tnp_event_work*)calloc(1, sizeof(*work));
  TNP_CHECK(work != NULL, TN_OUT_OF_MEMORY, "no host memory for a record");
  tnp_mutex_lock(&event->queue->lock);
  *work = (tnp_event_work){{.end = tnp_reach_event}, event, ++event->recorded};
  tnp_mutex_unlock(&event->queue->lock);
  tnp_queue_put(event->queue, stream, &work->work);
  return TN_OK;
}

/* What stream_wait_event does. With one queue the wait is over when it is reached; the failure is
 * passed on. */
static inline tn_status tnp_event_wait(tnp_event* event, tnp_stream* stream, tn_error* error) {
  tnp_event_work* work = (tnp_event_work*)calloc(1, sizeof(*work));
  TNP_CHECK(work != NULL, TN_OUT_OF_MEMORY, "no host memory for a wait");
  *work = (tnp_event_work){{.run = tnp_pass_event, .end = tnp_free_work}, event, 0};
  tnp_queue_put(event->queue, stream, &work->work);
  return TN_OK;
}

/* What event_synchronize answers with the limit of tnp_check_wait, in nanoseconds (0: none), and
 * event_query with a negative one. */
static inline tn_status tnp_event_finish(tnp_event* event, int64_t limit, tn_error* error) {
  tnp_queue* queue = event->queue;
  struct timespec end, now;
  tnp_now(&end);
  if (limit > 0) {
    end.tv_sec += (time_t)(limit / 1000000000);
    end.tv_nsec += (long)(limit % 1000000000);
    if (end.tv_nsec >= 1000000000) end.tv_sec += 1, end.tv_nsec -= 1000000000;
  }
  tnp_mutex_lock(&queue->lock);
  const uint64_t record = event->recorded;
  while (limit >= 0 && event->complete < record) {
    if (limit == 0) {
      tnp_condition_wait(&queue->changed, &queue->lock);
      continue;
    }
    tnp_now(&now);
    if (now.tv_sec > end.tv_sec || (now.tv_sec == end.tv_sec && now.tv_nsec >= end.tv_nsec)) break;
    tnp_condition_wait_until(&queue->changed, &queue->lock, &end);
  }
  const bool complete = event->complete >= record;
  const tn_error failure = event->failure;
  tnp_mutex_unlock(&queue->lock);
  return complete ? tnp_give_error(error, &failure) : TN_NOT_READY;
}

#endif /* TENON_PLUGIN_QUEUE_H_ */
