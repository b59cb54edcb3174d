# Which native files this system builds: the build list is the switch, callers have no #ifdef.
# Gives PS_NATIVE_SOURCES and PS_NATIVE_LIBS.
option(PYSOCK_KQUEUE_SHIM "Linux, tests only: kqueue over the double in tests/native/kqueue, no Linux extras" OFF)

if(WIN32)
  set(names plat_winsock.c poller.c poll_helper.c poll_windows.c ps_events.c ps_addr.c)
  set(PS_NATIVE_LIBS ws2_32)
else()
  set(names plat_posix.c poller.c poll_helper.c poll_poll.c ps_events.c ps_addr.c)
  set(PS_NATIVE_LIBS pthread)
  if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
    list(APPEND names poll_epoll.c)
  elseif(APPLE OR CMAKE_SYSTEM_NAME MATCHES "BSD|DragonFly")
    list(APPEND names poll_kqueue.c)
  endif()
endif()
list(TRANSFORM names PREPEND ${CMAKE_CURRENT_LIST_DIR}/ OUTPUT_VARIABLE PS_NATIVE_SOURCES)

if(PYSOCK_KQUEUE_SHIM)
  if(NOT CMAKE_SYSTEM_NAME STREQUAL "Linux")
    message(FATAL_ERROR "PYSOCK_KQUEUE_SHIM is for Linux; this is ${CMAKE_SYSTEM_NAME}")
  endif()
  get_filename_component(shim ${CMAKE_CURRENT_LIST_DIR}/../../../tests/native/kqueue ABSOLUTE)
  list(APPEND PS_NATIVE_SOURCES ${CMAKE_CURRENT_LIST_DIR}/poll_kqueue.c ${shim}/kqueue.c)
  set_source_files_properties(${CMAKE_CURRENT_LIST_DIR}/poll_kqueue.c PROPERTIES INCLUDE_DIRECTORIES ${shim})
  set_source_files_properties(${CMAKE_CURRENT_LIST_DIR}/poller.c PROPERTIES COMPILE_DEFINITIONS PS_KQUEUE_SHIM)
  set_source_files_properties(${CMAKE_CURRENT_LIST_DIR}/plat_posix.c ${CMAKE_CURRENT_LIST_DIR}/poll_poll.c
                              PROPERTIES COMPILE_DEFINITIONS PS_PLAIN_POSIX)
endif()
