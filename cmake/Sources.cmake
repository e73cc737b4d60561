# Lists the library's sources, where they find their headers, and what is made of a file for them.
file(GLOB_RECURSE c_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/c_api/*.c)
file(GLOB_RECURSE cpp_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/cpp_impl/*.cpp)
file(GLOB_RECURSE image_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/cpp_impl/image/*.cpp)
file(GLOB_RECURSE cuda_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/cpp_impl/*cuda*.cpp) # of the plug-in
list(REMOVE_ITEM cpp_sources ${cuda_sources} ${image_sources})

# Sources include private headers by their room: "base/handle_internal.h". -iquote is for quoted includes alone.
set(moco_rooms "SHELL:-iquote ${PROJECT_SOURCE_DIR}/c_api" "SHELL:-iquote ${PROJECT_SOURCE_DIR}/cpp_impl")

# The style sheet of moco report becomes an array: the library needs no file beside it.
set(page_css ${PROJECT_SOURCE_DIR}/c_api/report/page.css)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${page_css})
file(READ ${page_css} page_css_bytes HEX)
string(REGEX REPLACE "(..)" "0x\\1," page_css_bytes "${page_css_bytes}")
configure_file(${PROJECT_SOURCE_DIR}/cmake/page_css.h.in ${CMAKE_BINARY_DIR}/generated/moco_page_css.h @ONLY)
