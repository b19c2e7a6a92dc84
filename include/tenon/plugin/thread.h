/* SPDX-License-Identifier: Apache-2.0
 *
 * Locks, conditions and one thread, by the names that C11's <threads.h> would give them: macOS and
 * mingw-w64 have POSIX threads instead. See tenon_plugin.h.
 */
#ifndef TENON_PLUGIN_THREAD_H_
#define TENON_PLUGIN_THREAD_H_

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#if defined(__STDC_NO_THREADS__) || defined(__APPLE__) || defined(__MINGW32__)
#include <pthread.h>
typedef pthread_mutex_t tnp_mutex;
typedef pthread_cond_t tnp_condition;
typedef pthread_t tnp_thread;
typedef void* tnp_thread_result;
static inline bool tnp_mutex_init(tnp_mutex* mutex) { return pthread_mutex_init(mutex, NULL) == 0; }
static inline void tnp_mutex_destroy(tnp_mutex* mutex) { pthread_mutex_destroy(mutex); }
static inline void tnp_mutex_lock(tnp_mutex* mutex) { pthread_mutex_lock(mutex); }
static inline void tnp_mutex_unlock(tnp_mutex* mutex) { pthread_mutex_unlock(mutex); }
static inline bool tnp_condition_init(tnp_condition* c) { return pthread_cond_init(c, NULL) == 0; }
static inline void tnp_condition_destroy(tnp_condition* c) { pthread_cond_destroy(c); }
static inline void tnp_condition_wake(tnp_condition* c) { pthread_cond_broadcast(c); }
static inline void tnp_condition_wait(tnp_condition* c, tnp_mutex* m) { pthread_cond_wait(c, m); }
static inline void tnp_condition_wait_until(tnp_condition* c, tnp_mutex* m,
                                            const struct timespec* end) {
  pthread_cond_timedwait(c, m, end);
}
static inline void tnp_now(struct timespec* now) { clock_gettime(CLOCK_REALTIME, now); }
static inline bool tnp_thread_start(tnp_thread* thread, tnp_thread_result (*body)(void*),
                                    void* user) {
  return pthread_create(thread, NULL, body, user) == 0;
}
static inline void tnp_thread_join(tnp_thread thread) { pthread_join(thread, NULL); }
#else
#include <threads.h>
typedef mtx_t tnp_mutex;
typedef cnd_t tnp_condition;
typedef thrd_t tnp_thread;
typedef int tnp_thread_result;
static inline bool tnp_mutex_init(tnp_mutex* m) { return mtx_init(m, mtx_plain) == thrd_success; }
static inline void tnp_mutex_destroy(tnp_mutex* mutex) { mtx_destroy(mutex); }
static inline void tnp_mutex_lock(tnp_mutex* mutex) { mtx_lock(mutex); }
static inline void tnp_mutex_unlock(tnp_mutex* mutex) { mtx_unlock(mutex); }
static inline bool tnp_condition_init(tnp_condition* c) { return cnd_init(c) == thrd_success; }
static inline void tnp_condition_destroy(tnp_condition* c) { cnd_destroy(c); }
static inline void tnp_condition_wake(tnp_condition* c) { cnd_broadcast(c); }
static inline void tnp_condition_wait(tnp_condition* c, tnp_mutex* m) { cnd_wait(c, m); }
static inline void tnp_condition_wait_until(tnp_condition* c, tnp_mutex* m,
                                            const struct timespec* end) {
  cnd_timedwait(c, m, end);
}
static inline void tnp_now(struct timespec* now) { timespec_get(now, TIME_UTC); }
static inline bool tnp_thread_start(tnp_thread* thread, tnp_thread_result (*body)(void*),
                                    void* user) {
  return thrd_create(thread, body, user) == thrd_success;
}
static inline void tnp_thread_join(tnp_thread thread) { thrd_join(thread, NULL); }
#endif

#endif /* TENON_PLUGIN_THREAD_H_ */
