# The fuzz target of the JPEG path. By any compiler: a program that replays the JPEG files of the golden tests, a test.
# With MOCO_FUZZ and clang: a libFuzzer program under AddressSanitizer and UndefinedBehaviorSanitizer:
#
#     CC=clang CXX=clang++ cmake -B build-fuzz -DMOCO_FUZZ=ON && cmake --build build-fuzz --target fuzz-jpeg
#     build-fuzz/bin/fuzz-jpeg -max_total_time=600 NEW_INPUTS/ tests/golden/images

set(fuzz_folder ${CMAKE_CURRENT_SOURCE_DIR}/fuzz)
add_executable(fuzz-replay-jpeg ${fuzz_folder}/fuzz_jpeg.cpp ${fuzz_folder}/fuzz_jpeg_replay.cpp)
target_link_libraries(fuzz-replay-jpeg PRIVATE moco-options moco)
file(GLOB fuzz_inputs ${PROJECT_SOURCE_DIR}/tests/golden/images/*.jpg)
add_test(NAME fuzz.jpeg COMMAND fuzz-replay-jpeg ${fuzz_inputs})
set_tests_properties(fuzz.jpeg PROPERTIES LABELS unit TIMEOUT 300 ENVIRONMENT "${MOCO_TEST_ENVIRONMENT}")

if(MOCO_FUZZ)
    # The pixel path is compiled into the program, so that libFuzzer sees which way the decoder takes.
    set(fuzz_sources ${image_sources})
    list(FILTER fuzz_sources EXCLUDE REGEX "_v[34]\\.cpp$")
    add_executable(fuzz-jpeg ${fuzz_folder}/fuzz_jpeg.cpp ${fuzz_sources} ${PROJECT_SOURCE_DIR}/cpp_impl/base/guard.cpp
        ${PROJECT_SOURCE_DIR}/c_api/base/error.c ${PROJECT_SOURCE_DIR}/c_api/base/log.c)
    target_compile_options(fuzz-jpeg PRIVATE ${moco_rooms})
    target_link_libraries(fuzz-jpeg PRIVATE moco-options moco-dependencies moco-torch)
    set(fuzz_flags -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined -g)
    target_compile_options(fuzz-jpeg PRIVATE ${fuzz_flags} -Wno-psabi)
    target_compile_definitions(fuzz-jpeg PRIVATE MOCO_BUFFERS_BY_MALLOC)
    target_link_options(fuzz-jpeg PRIVATE ${fuzz_flags} -Wl,-rpath,${MOCO_TORCH_DIR}/lib)
endif()
