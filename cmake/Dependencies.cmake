# Finds every other library that libmoco needs, as one interface target: moco-dependencies.
find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)
find_package(JPEG REQUIRED)
find_package(PNG REQUIRED)
find_package(TIFF REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(WEBP REQUIRED IMPORTED_TARGET libwebp)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(YAML REQUIRED IMPORTED_TARGET yaml-0.1)
pkg_check_modules(ARCHIVE REQUIRED IMPORTED_TARGET libarchive)
pkg_check_modules(CAIRO REQUIRED IMPORTED_TARGET cairo cairo-svg cairo-pdf)

# Debian has OpenCV's CMake package in libopencv-dev, which depends on all modules. libmoco needs two.
find_path(MOCO_OPENCV_INCLUDE opencv2/imgproc.hpp PATH_SUFFIXES opencv4)
find_library(MOCO_OPENCV_CORE opencv_core)
find_library(MOCO_OPENCV_IMGPROC opencv_imgproc)

find_path(MOCO_RANDOM123_INCLUDE Random123/philox.h)
# libtorch ships a header that includes Gloo's headers, but not those.
find_path(MOCO_GLOO_INCLUDE gloo/transport/device.h)
if(NOT MOCO_GLOO_INCLUDE OR NOT MOCO_RANDOM123_INCLUDE OR NOT MOCO_OPENCV_INCLUDE OR NOT MOCO_OPENCV_IMGPROC)
    message(FATAL_ERROR "OpenCV, Random123 or Gloo's headers were not found. Run `make deps`.")
endif()

# What a program that links the static library needs.
set(MOCO_STATIC_DEPENDENCIES opencv_imgproc opencv_core jpeg png tiff webp z jansson yaml archive cairo)

add_library(moco-dependencies INTERFACE)
target_include_directories(moco-dependencies SYSTEM INTERFACE ${MOCO_OPENCV_INCLUDE} ${MOCO_RANDOM123_INCLUDE} ${MOCO_GLOO_INCLUDE})
target_link_libraries(moco-dependencies INTERFACE
    ${MOCO_OPENCV_IMGPROC} ${MOCO_OPENCV_CORE} JPEG::JPEG PNG::PNG TIFF::TIFF PkgConfig::WEBP ZLIB::ZLIB
    PkgConfig::JANSSON PkgConfig::YAML PkgConfig::ARCHIVE PkgConfig::CAIRO Threads::Threads m ${CMAKE_DL_LIBS})
