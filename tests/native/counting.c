/* Counts what a function asks of the allocator and of locks, while it runs on this thread.

   Loaded before everything else (LD_PRELOAD), so that all calls of the process come through here. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

static __thread int counting;
static __thread long allocations, locks;

#define NEXT(result, name, ...)                       \
  static result (*next)(__VA_ARGS__);                 \
  if (!next) next = (result (*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name);

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void __libc_free(void *);

void *malloc(size_t size) {
  allocations += counting;
  return __libc_malloc(size);
}
void *calloc(size_t count, size_t size) {
  allocations += counting;
  return __libc_calloc(count, size);
}
void *realloc(void *block, size_t size) {
  allocations += counting;
  return __libc_realloc(block, size);
}
void free(void *block) {
  allocations += counting && block;
  __libc_free(block);
}
int pthread_mutex_lock(pthread_mutex_t *mutex) {
  NEXT(int, pthread_mutex_lock, pthread_mutex_t *)
  locks += counting;
  return next(mutex);
}
int pthread_mutex_trylock(pthread_mutex_t *mutex) {
  NEXT(int, pthread_mutex_trylock, pthread_mutex_t *)
  locks += counting;
  return next(mutex);
}
int pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex) {
  NEXT(int, pthread_cond_wait, pthread_cond_t *, pthread_mutex_t *)
  locks += counting;
  return next(condition, mutex);
}

typedef int (*callback_t)(const void *, void *, unsigned long, const void *, unsigned long, void *);

/* A callback so many times in a row; its allocations and locks into ``counts``. */
void run(callback_t callback, const float *given, float *taken, unsigned long frames, void *data,
         long times, long *counts) {
  allocations = locks = 0;
  counting = 1;
  for (long i = 0; i < times; i++) callback(given, taken, frames, 0, 0, data);
  counting = 0;
  counts[0] = allocations;
  counts[1] = locks;
}

/* The same of a function that allocates and locks once: these counts can be other than 0. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int offender(const void *a, void *b, unsigned long c, const void *d, unsigned long e, void *f) {
  volatile char *block = malloc(16);
  block[0] = 1;
  free((void *)block);
  pthread_mutex_lock(&mutex);
  pthread_mutex_unlock(&mutex);
  return 0;
}
callback_t an_offender(void) { return offender; }
