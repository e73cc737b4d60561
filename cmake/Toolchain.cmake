# Sets language standards, warnings, sanitizers, output folders and the compiler cache.
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
set(CMAKE_BUILD_RPATH_USE_ORIGIN ON)

# ccache cannot look into a precompiled header; the sloppiness says that this is allowed, and GCC then has to name it.
# By the compiler's list of dependencies it need not preprocess each source, which takes a tenth of the time to compile.
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
    set(moco_launcher env CCACHE_DEPEND=1
        CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE_PROGRAM})
    if(NOT CMAKE_C_COMPILER_LAUNCHER)
        set(CMAKE_C_COMPILER_LAUNCHER ${moco_launcher})
    endif()
    if(NOT CMAKE_CXX_COMPILER_LAUNCHER)
        set(CMAKE_CXX_COMPILER_LAUNCHER ${moco_launcher})
    endif()
endif()

function(moco_precompile target)
    if(MOCO_PCH)
        target_precompile_headers(${target} PRIVATE ${ARGN})
        target_compile_options(${target} PRIVATE $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:GNU>>:-fpch-preprocess>)
    endif()
endfunction()

# Every target of the project links this. It is not part of an installed package.
add_library(moco-options INTERFACE)
# -ffp-contract=off: without fused multiply-add, pixels and draws are the same on every processor.
# -Wno-restrict: GCC 12 warns about overlaps in std::string that do not exist.
target_compile_options(moco-options INTERFACE
    -Wall -Wextra "$<$<BOOL:${MOCO_WERROR}>:-Wpedantic;-Werror>" -ffp-contract=off
    $<$<COMPILE_LANGUAGE:C>:-Wconversion -Wshadow -Wstrict-prototypes>
    $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:GNU>>:-Wno-restrict>)
target_compile_definitions(moco-options INTERFACE $<$<COMPILE_LANGUAGE:C>:_GNU_SOURCE>)
target_include_directories(moco-options INTERFACE ${PROJECT_SOURCE_DIR}/include)
# A program's own symbols are checked; to look for those of libmoco in all of libtorch again takes most of a link.
target_link_options(moco-options INTERFACE -Wl,--allow-shlib-undefined)

if(MOCO_SANITIZE OR MOCO_COVERAGE) # they report at the end of a process
    target_compile_definitions(moco-options INTERFACE MOCO_ORDERLY_EXIT)
endif()
if(MOCO_SANITIZE)
    # -fno-sanitize=enum: applications in C may pass any number for an enum, and the library answers with an error.
    target_compile_options(moco-options INTERFACE
        -fsanitize=${MOCO_SANITIZE} -fno-sanitize=enum -fno-omit-frame-pointer -fno-sanitize-recover=all -g1
        # The code that sanitizers insert makes GCC miscalculate sizes.
        $<$<AND:$<COMPILE_LANGUAGE:C>,$<C_COMPILER_ID:GNU>>:-Wno-alloc-size-larger-than>)
    target_link_options(moco-options INTERFACE -fsanitize=${MOCO_SANITIZE})
endif()
