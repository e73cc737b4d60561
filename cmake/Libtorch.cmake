# Finds libtorch. libtorch's CMake package is not used: it needs nvcc if libtorch was built with CUDA.
#
# Searches MOCO_LIBTORCH, CMAKE_PREFIX_PATH (an official libtorch, or a Python torch folder), then the cache that
# `make deps` fills. Defines moco-torch, and moco-torch-cuda if CUDA's headers and libraries are found.
set(MOCO_LIBTORCH "" CACHE PATH "Folder of libtorch (holds include/ and lib/)")
set(MOCO_LIBTORCH_VERSION 2.11.0)

if(DEFINED ENV{XDG_CACHE_HOME} AND NOT "$ENV{XDG_CACHE_HOME}" STREQUAL "")
    set(moco_cache "$ENV{XDG_CACHE_HOME}/moco")
else()
    set(moco_cache "$ENV{HOME}/.cache/moco")
endif()

set(moco_torch_candidates ${MOCO_LIBTORCH})
if(NOT MOCO_LIBTORCH)
    foreach(prefix IN LISTS CMAKE_PREFIX_PATH)
        list(APPEND moco_torch_candidates ${prefix} ${prefix}/torch ${prefix}/../.. ${prefix}/../../..)
    endforeach()
    foreach(flavour cuda cpu)
        set(folder ${moco_cache}/libtorch-${MOCO_LIBTORCH_VERSION}-${flavour})
        if(EXISTS ${folder}/.complete)
            list(APPEND moco_torch_candidates ${folder}/torch)
        endif()
    endforeach()
endif()

set(MOCO_TORCH_DIR "")
foreach(candidate IN LISTS moco_torch_candidates)
    if(EXISTS ${candidate}/include/ATen/ATen.h AND EXISTS ${candidate}/lib/libtorch_cpu.so)
        get_filename_component(MOCO_TORCH_DIR ${candidate} REALPATH)
        break()
    endif()
endforeach()
if(NOT MOCO_TORCH_DIR)
    message(FATAL_ERROR "libtorch ${MOCO_LIBTORCH_VERSION} was found neither in ${moco_cache} nor in "
        "MOCO_LIBTORCH='${MOCO_LIBTORCH}' or CMAKE_PREFIX_PATH='${CMAKE_PREFIX_PATH}'. "
        "Run `make deps`, or give an unpacked libtorch by -DCMAKE_PREFIX_PATH=/path/to/libtorch.")
endif()
message(STATUS "libtorch: ${MOCO_TORCH_DIR}")

# libtorch in the cache of the user who builds is closed to others, so it is installed beside libmoco. With NVIDIA's
# libraries it is ten times as large, and stays where it is, as one does that was named.
set(MOCO_BUNDLE AUTO CACHE STRING "Install libtorch's runtime for the CPU into lib/moco: ON, OFF or AUTO")
set(moco_bundle ${MOCO_BUNDLE})
if(MOCO_BUNDLE STREQUAL AUTO)
    set(moco_bundle OFF)
    if(MOCO_TORCH_DIR MATCHES "/libtorch-[0-9.]+-cpu/torch$" AND NOT MOCO_LIBTORCH)
        set(moco_bundle ON)
    endif()
endif()
if(moco_bundle)
    set(moco_runtime $<INSTALL_PREFIX>/${CMAKE_INSTALL_LIBDIR}/moco) # where installed programs find libtorch
else()
    set(moco_runtime ${MOCO_TORCH_DIR}/lib)
endif()

# moco_find_libtorch_from(TARGET LIB): lets an installed target find libtorch; LIB is $ORIGIN/path/to/lib.
function(moco_find_libtorch_from target lib)
    if(moco_bundle)
        set_property(TARGET ${target} APPEND PROPERTY INSTALL_RPATH ${lib}/moco)
    else()
        set_property(TARGET ${target} APPEND PROPERTY INSTALL_RPATH ${MOCO_TORCH_DIR}/lib)
    endif()
endfunction()

# The wheel's libraries find NVIDIA's by their RPATH, which ld does not follow, hence --allow-shlib-undefined.
function(moco_torch_target name)
    add_library(${name} INTERFACE)
    target_include_directories(${name} SYSTEM INTERFACE
        ${MOCO_TORCH_DIR}/include ${MOCO_TORCH_DIR}/include/torch/csrc/api/include)
    target_compile_definitions(${name} INTERFACE _GLIBCXX_USE_CXX11_ABI=1)
    list(TRANSFORM ARGN PREPEND ${MOCO_TORCH_DIR}/lib/lib OUTPUT_VARIABLE libraries)
    list(TRANSFORM libraries APPEND .so)
    target_link_libraries(${name} INTERFACE
        -Wl,--allow-shlib-undefined -Wl,--push-state,--no-as-needed ${libraries} -Wl,--pop-state)
endfunction()

moco_torch_target(moco-torch torch_cpu c10)

# In files compiled without OpenMP at::parallel_for silently runs on one thread. The runtime must be the one that libtorch
# brings, since at::set_num_threads sets its threads. It is GCC's, so clang's OpenMP does not fit, and ThreadSanitizer
# cannot follow it.
file(GLOB MOCO_TORCH_OPENMP ${MOCO_TORCH_DIR}/lib/libgomp*.so*)
if(MOCO_TORCH_OPENMP AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND NOT MOCO_SANITIZE MATCHES "thread")
    list(GET MOCO_TORCH_OPENMP 0 MOCO_TORCH_OPENMP)
    target_compile_options(moco-torch INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fopenmp>)
    target_link_libraries(moco-torch INTERFACE ${MOCO_TORCH_OPENMP})
else()
    message(STATUS "no OpenMP: batch norm and Winograd's convolutions run on one thread")
endif()

set(MOCO_CUDA_INCLUDE "")
foreach(candidate ${MOCO_TORCH_DIR}/../nvidia/cu13/include $ENV{CUDA_HOME}/include /usr/local/cuda/include /usr/include)
    if(EXISTS ${candidate}/cuda_runtime_api.h AND EXISTS ${candidate}/crt/host_defines.h)
        get_filename_component(MOCO_CUDA_INCLUDE ${candidate} REALPATH)
        break()
    endif()
endforeach()
if(MOCO_CUDA_INCLUDE AND EXISTS ${MOCO_TORCH_DIR}/lib/libtorch_cuda.so)
    message(STATUS "CUDA headers: ${MOCO_CUDA_INCLUDE}")
    moco_torch_target(moco-torch-cuda torch_cpu torch_cuda c10 c10_cuda)
    target_include_directories(moco-torch-cuda SYSTEM INTERFACE ${MOCO_CUDA_INCLUDE})
    # libtorch's header of NCCL includes those of cuBLAS, cuSPARSE and cuSOLVER.
    find_path(MOCO_NCCL_INCLUDE nccl.h
        HINTS ${MOCO_TORCH_DIR}/../nvidia/nccl/include ${MOCO_CUDA_INCLUDE} /usr/local/cuda/include)
    find_path(MOCO_CUDA_MATH_INCLUDE cusolverDn.h HINTS ${MOCO_CUDA_INCLUDE} /usr/local/cuda/include)
    if(MOCO_NCCL_INCLUDE AND MOCO_CUDA_MATH_INCLUDE)
        message(STATUS "NCCL headers: ${MOCO_NCCL_INCLUDE}")
        target_include_directories(moco-torch-cuda SYSTEM INTERFACE ${MOCO_NCCL_INCLUDE} ${MOCO_CUDA_MATH_INCLUDE})
        target_compile_definitions(moco-torch-cuda INTERFACE USE_C10D_NCCL)
    else()
        message(STATUS "no NCCL headers: several GPUs cannot be used together")
    endif()
else()
    message(STATUS "no CUDA headers or no libtorch_cuda.so: built for the CPU alone")
endif()
