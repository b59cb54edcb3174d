/* ps_build.h: what the build decides, as values the Cython rooms can read. */
#ifndef PS_BUILD_H
#define PS_BUILD_H

#ifdef PS_DEBUG
#  define PS_COUNTING 1 /* live counters are kept */
#else
#  define PS_COUNTING 0
#endif

#ifdef _MSC_VER
#  define PS_THREAD_LOCAL __declspec(thread)
#  define PS_NOINLINE __declspec(noinline)
#  define PS_LIKELY(x) (x)
#  define PS_UNLIKELY(x) (x)
#else
#  define PS_THREAD_LOCAL _Thread_local
#  define PS_NOINLINE __attribute__((noinline))
#  define PS_LIKELY(x) __builtin_expect(!!(x), 1)
#  define PS_UNLIKELY(x) __builtin_expect(!!(x), 0)
#endif

#endif
