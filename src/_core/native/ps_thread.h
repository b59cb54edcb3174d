/* ps_thread.h: which thread is this?  Asked in every member function, so one instruction where the compiler offers it. */
#ifndef PS_THREAD_H
#define PS_THREAD_H

#include <stdint.h>

#ifdef _WIN32
#  ifndef WIN32_LEAN_AND_MEAN
#    define WIN32_LEAN_AND_MEAN
#  endif
#  include <windows.h>
#else
#  include <pthread.h>
#endif

#if defined(__has_builtin) && defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__))
#  if __has_builtin(__builtin_thread_pointer)
#    define PS_THREAD_POINTER 1
#  endif
#endif

/* Never 0, and no other thread's while this one lives; a later thread may get it again. */
static inline uintptr_t ps_this_thread(void) {
#if defined(_WIN32)
    return GetCurrentThreadId();
#elif defined(PS_THREAD_POINTER)
    return (uintptr_t)__builtin_thread_pointer();
#else
    return (uintptr_t)pthread_self();
#endif
}

#endif
