# Language standards, warnings, sanitizers, output folders and the compiler cache.
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

# ccache cannot look into a precompiled header, and must be told that this is in order.
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
    set(moco_launcher ${CMAKE_COMMAND} -E env
        CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE_PROGRAM})
    if(NOT CMAKE_C_COMPILER_LAUNCHER)
        set(CMAKE_C_COMPILER_LAUNCHER ${moco_launcher})
    endif()
    if(NOT CMAKE_CXX_COMPILER_LAUNCHER)
        set(CMAKE_CXX_COMPILER_LAUNCHER ${moco_launcher})
    endif()
endif()

# Every target of the project links this; nothing of it reaches an installed package.
add_library(moco-options INTERFACE)
# GCC 12 sees overlaps in std::string that are not there (-Wrestrict).
# No fused multiply-add: pixels and draws are the same on every processor.
target_compile_options(moco-options INTERFACE
    -Wall -Wextra -Wpedantic -Werror -ffp-contract=off
    $<$<COMPILE_LANGUAGE:C>:-Wconversion -Wshadow -Wstrict-prototypes>
    $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:GNU>>:-fpch-preprocess -Wno-restrict>)
target_compile_definitions(moco-options INTERFACE $<$<COMPILE_LANGUAGE:C>:_GNU_SOURCE>)
target_include_directories(moco-options INTERFACE ${PROJECT_SOURCE_DIR}/include)

if(MOCO_SANITIZE)
    target_compile_options(moco-options INTERFACE
        -fsanitize=${MOCO_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all -g1
        # what sanitizers add confuses GCC's reckoning of sizes
        $<$<AND:$<COMPILE_LANGUAGE:C>,$<C_COMPILER_ID:GNU>>:-Wno-alloc-size-larger-than>)
    target_link_options(moco-options INTERFACE -fsanitize=${MOCO_SANITIZE})
endif()
