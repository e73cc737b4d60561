# Builds libmoco (shared unless BUILD_SHARED_LIBS is off) from c_api/ and cpp_impl/, and libmoco_cuda.so if CUDA's headers are found.
#
# The objects are compiled once, for the library and for the unit tests, which call hidden functions too.
add_library(moco-c OBJECT ${c_sources})
target_include_directories(moco-c PRIVATE ${CMAKE_BINARY_DIR}/generated)
target_link_libraries(moco-c PRIVATE moco-options moco-dependencies)
target_compile_options(moco-c PRIVATE ${moco_rooms})
include(Commit)
set_source_files_properties(${PROJECT_SOURCE_DIR}/c_api/base/version.c PROPERTIES COMPILE_DEFINITIONS MOCO_COMMIT="${MOCO_COMMIT}")

# The room of images needs no libtorch; nor do the programs that replay fuzz targets, which load at once without it.
add_library(moco-image OBJECT ${image_sources})
target_link_libraries(moco-image PRIVATE moco-options moco-dependencies)
target_compile_options(moco-image PRIVATE ${moco_rooms})

add_library(moco-cpp OBJECT ${cpp_sources})
target_link_libraries(moco-cpp PRIVATE moco-options moco-dependencies moco-torch)
target_compile_options(moco-cpp PRIVATE ${moco_rooms})
target_compile_definitions(moco-cpp PRIVATE USE_C10D_GLOO) # without it libtorch's header of Gloo is empty
file(GLOB loop_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/cpp_impl/network/*_kernels*.cpp) # compiled for other processors
if(MOCO_UNITY)
    # Most of the time goes into libtorch's headers. The rooms come in their order, so that none sees one above it.
    set(ordered ${loop_sources})
    foreach(room base tensor ranks network)
        set(room_sources ${cpp_sources})
        list(FILTER room_sources INCLUDE REGEX "/cpp_impl/${room}/")
        list(REMOVE_ITEM room_sources ${loop_sources})
        list(APPEND ordered ${room_sources})
        string(REGEX REPLACE "tensor|ranks" "network" group ${room})
        set_source_files_properties(${room_sources} PROPERTIES UNITY_GROUP ${group})
    endforeach()
    set_target_properties(moco-cpp PROPERTIES SOURCES "${ordered}" UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
    # A source that is included may have a hidden type in one that it alone defines.
    target_compile_options(moco-cpp PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
else()
    moco_precompile(moco-cpp <ATen/ATen.h>)
    set_source_files_properties(${loop_sources} PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
endif()

if(MOCO_COVERAGE)
    foreach(part moco-c moco-image moco-cpp)
        target_compile_options(${part} PRIVATE --coverage -fprofile-update=atomic)
    endforeach()
    target_link_options(moco-options INTERFACE --coverage)
endif()

# Compiles the loops over pixels and of batch norm once for each kind of processor. All give the same bits: nothing is
# contracted, and the options only allow the compiler to vectorise loops with conditions.
set(loop_options -fno-trapping-math -fno-math-errno -Wno-psabi)
foreach(loops image/pixel_kernels network/norm_kernels)
    set(prefix ${PROJECT_SOURCE_DIR}/cpp_impl/${loops})
    set_source_files_properties(${prefix}_plain.cpp PROPERTIES COMPILE_OPTIONS "${loop_options}")
    if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
        foreach(part moco-image moco-cpp)
            target_compile_definitions(${part} PRIVATE MOCO_LOOP_VARIANTS)
        endforeach()
        set_source_files_properties(${prefix}_v3.cpp PROPERTIES COMPILE_OPTIONS "${loop_options};-march=x86-64-v3")
        set_source_files_properties(${prefix}_v4.cpp PROPERTIES
            COMPILE_OPTIONS "${loop_options};-march=x86-64-v4;-mprefer-vector-width=512")
    else()
        set_source_files_properties(${prefix}_v3.cpp ${prefix}_v4.cpp PROPERTIES HEADER_FILE_ONLY ON)
    endif()
endforeach()

# Compiles the loops of Winograd's convolution for AVX512-BF16 alone. GCC warns about values that its header of intrinsics
# leaves undefined (-Wmaybe-uninitialized), and about the alignment of vectors in arrays (-Wignored-attributes).
set(winograd ${PROJECT_SOURCE_DIR}/cpp_impl/network/winograd_kernels.cpp)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
    set_source_files_properties(${winograd} PROPERTIES COMPILE_OPTIONS
        "-march=x86-64-v4;-mavx512bf16;-mprefer-vector-width=512;-Wno-ignored-attributes;$<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>")
else()
    set_source_files_properties(${winograd} PROPERTIES HEADER_FILE_ONLY ON)
endif()

add_library(moco-objects INTERFACE)
set(moco_objects $<TARGET_OBJECTS:moco-c> $<TARGET_OBJECTS:moco-image> $<TARGET_OBJECTS:moco-cpp>)
target_sources(moco-objects INTERFACE ${moco_objects})
target_link_libraries(moco-objects INTERFACE moco-torch moco-dependencies)

add_library(moco ${moco_objects})
add_library(moco::moco ALIAS moco)
target_link_libraries(moco PRIVATE
    $<BUILD_INTERFACE:moco-options> $<BUILD_INTERFACE:moco-torch> $<BUILD_INTERFACE:moco-dependencies>)
target_link_libraries(moco INTERFACE m) # of functions in the headers
if(BUILD_SHARED_LIBS)
    configure_file(${PROJECT_SOURCE_DIR}/cmake/libmoco.map.in ${CMAKE_BINARY_DIR}/libmoco.map @ONLY)
    target_link_options(moco PRIVATE -Wl,--version-script=${CMAKE_BINARY_DIR}/libmoco.map)
    target_link_options(moco PRIVATE -Wl,-z,nodelete) # threads of libgomp and of the library outlive dlclose()
    if(NOT MOCO_SANITIZE)
        target_link_options(moco PRIVATE -Wl,-z,defs)
    endif()
else()
    set(moco_static_torch -Wl,--allow-shlib-undefined -L${moco_runtime} -ltorch_cpu -lc10)
    if(MOCO_TORCH_OPENMP)
        get_filename_component(openmp ${MOCO_TORCH_OPENMP} NAME)
        list(APPEND moco_static_torch -l:${openmp})
    endif()
    list(APPEND moco_static_torch -Wl,-rpath,${moco_runtime} -lstdc++ -lm -pthread -ldl)
    target_link_libraries(moco INTERFACE "$<INSTALL_INTERFACE:${MOCO_STATIC_DEPENDENCIES};${moco_static_torch}>")
endif()
target_include_directories(moco PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
set_target_properties(moco PROPERTIES
    VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
    LINKER_LANGUAGE CXX LINK_DEPENDS ${CMAKE_BINARY_DIR}/libmoco.map)
moco_find_libtorch_from(moco $ORIGIN)

if(TARGET moco-torch-cuda)
    # Kernels are compiled where they run: the plug-in has their sources as texts.
    set(kernels network/norm_device.cu network/norm_call.hpp network/norm_words.cuh)
    foreach(kernel IN LISTS kernels)
        set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/cpp_impl/${kernel})
        get_filename_component(text ${kernel} NAME_WE)
        file(READ ${PROJECT_SOURCE_DIR}/cpp_impl/${kernel} ${text}_text)
    endforeach()
    configure_file(${PROJECT_SOURCE_DIR}/cmake/moco_norm_device_text.hpp.in
        ${CMAKE_BINARY_DIR}/generated/moco_norm_device_text.hpp @ONLY)
    add_library(moco_cuda MODULE ${cuda_sources})
    target_link_libraries(moco_cuda PRIVATE moco-options moco-torch-cuda)
    set_target_properties(moco_cuda PROPERTIES UNITY_BUILD ${MOCO_UNITY} UNITY_BUILD_BATCH_SIZE 0)
    target_include_directories(moco_cuda PRIVATE ${CMAKE_BINARY_DIR}/generated)
    target_compile_options(moco_cuda PRIVATE ${moco_rooms})
    moco_find_libtorch_from(moco_cuda $ORIGIN)
endif()
