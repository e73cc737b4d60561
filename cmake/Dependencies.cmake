# Finds every other library that libmoco needs, as one interface target: moco-dependencies.
find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)
find_package(JPEG REQUIRED)
find_package(PNG REQUIRED)
find_package(TIFF REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(YAML REQUIRED IMPORTED_TARGET yaml-0.1)
pkg_check_modules(ARCHIVE REQUIRED IMPORTED_TARGET libarchive)
pkg_check_modules(CAIRO REQUIRED IMPORTED_TARGET cairo cairo-svg cairo-pdf)

# Debian has OpenCV's CMake package in libopencv-dev, which depends on all modules. libmoco needs two.
find_path(MOCO_OPENCV_INCLUDE opencv2/core.hpp PATH_SUFFIXES opencv4)
foreach(module core imgcodecs)
    find_library(MOCO_OPENCV_${module} opencv_${module})
    list(APPEND moco_opencv_libraries ${MOCO_OPENCV_${module}})
endforeach()
find_path(MOCO_RANDOM123_INCLUDE Random123/philox.h)
# libtorch ships a header that includes Gloo's headers, but not those.
find_path(MOCO_GLOO_INCLUDE gloo/transport/device.h)
if(NOT MOCO_GLOO_INCLUDE OR NOT MOCO_OPENCV_INCLUDE OR NOT MOCO_RANDOM123_INCLUDE OR moco_opencv_libraries MATCHES "NOTFOUND")
    message(FATAL_ERROR "OpenCV (core, imgcodecs), Random123 or Gloo's headers were not found. Run `make deps`.")
endif()

add_library(moco-dependencies INTERFACE)
target_include_directories(moco-dependencies SYSTEM INTERFACE ${MOCO_OPENCV_INCLUDE} ${MOCO_RANDOM123_INCLUDE} ${MOCO_GLOO_INCLUDE})
target_link_libraries(moco-dependencies INTERFACE
    ${moco_opencv_libraries} JPEG::JPEG PNG::PNG TIFF::TIFF ZLIB::ZLIB PkgConfig::JANSSON PkgConfig::YAML PkgConfig::ARCHIVE PkgConfig::CAIRO Threads::Threads m ${CMAKE_DL_LIBS})
