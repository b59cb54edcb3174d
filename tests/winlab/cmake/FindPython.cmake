# The usual FindPython, put right: when cross-compiling it asks the Linux python-config for the module suffix and for
# libraries to link (-ldl).
# From CMP0190 on (CMake 4.1) it also refuses an interpreter of one system beside the library of another, the very thing wanted.
if(POLICY CMP0190)
  cmake_policy(SET CMP0190 OLD)
endif()
set(_winlab_next ${CMAKE_MODULE_PATH} "${CMAKE_ROOT}/Modules")       # scikit-build-core may bring a newer one
list(REMOVE_ITEM _winlab_next "${CMAKE_CURRENT_LIST_DIR}")
foreach(_winlab_dir IN LISTS _winlab_next)
  if(EXISTS "${_winlab_dir}/Find${CMAKE_FIND_PACKAGE_NAME}.cmake")
    include("${_winlab_dir}/Find${CMAKE_FIND_PACKAGE_NAME}.cmake")
    break()
  endif()
endforeach()
set(${CMAKE_FIND_PACKAGE_NAME}_SOABI cp311-win_amd64)
foreach(_winlab_target IN ITEMS Module SABIModule Python)
  if(TARGET ${CMAKE_FIND_PACKAGE_NAME}::${_winlab_target})
    set_property(TARGET ${CMAKE_FIND_PACKAGE_NAME}::${_winlab_target} PROPERTY INTERFACE_LINK_LIBRARIES)
  endif()
endforeach()
