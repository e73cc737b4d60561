# Makes the bindings from the headers, for C++ and Python, in the folder bindings/ of the build.
find_program(MOCO_PYTHON3 python3)
if(NOT MOCO_PYTHON3)
    message(STATUS "No python3: the bindings for C++ and Python are not made")
    return()
endif()
set(moco_bindings ${CMAKE_BINARY_DIR}/bindings)
file(GLOB binding_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bindings/*.py ${PROJECT_SOURCE_DIR}/bindings/cpp/*.in
    ${PROJECT_SOURCE_DIR}/bindings/python/moco/*.py)
file(GLOB_RECURSE binding_headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/*.h)
add_custom_command(OUTPUT ${moco_bindings}/moco.hpp
    COMMAND ${MOCO_PYTHON3} ${PROJECT_SOURCE_DIR}/bindings/make_bindings.py
        ${PROJECT_SOURCE_DIR}/include ${moco_bindings} ${CMAKE_C_COMPILER}
    DEPENDS ${binding_sources} ${binding_headers} COMMENT "Making the bindings" VERBATIM)
add_custom_target(bindings ALL DEPENDS ${moco_bindings}/moco.hpp)
