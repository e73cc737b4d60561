# Installs headers, bindings, library, tool, manual page, shell completion, CMake package, pkg-config file, licences, and
# libtorch's runtime if it is bundled. The prefix can be moved afterwards.
include(CMakePackageConfigHelpers)

# What `make install` and `make package` build: neither tests nor examples.
add_custom_target(ship DEPENDS moco)

install(TARGETS moco EXPORT moco-targets
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
if(TARGET moco_cuda AND NOT moco_bundle) # a bundle is for the CPU
    add_dependencies(ship moco_cuda)
    install(TARGETS moco_cuda LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
endif()
if(TARGET moco-tool)
    add_dependencies(ship moco-tool)
    file(RELATIVE_PATH bin_to_lib ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})
    set_target_properties(moco-tool PROPERTIES INSTALL_RPATH "$ORIGIN/${bin_to_lib}")
    if(NOT BUILD_SHARED_LIBS) # then the tool itself loads libtorch
        moco_find_libtorch_from(moco-tool "$ORIGIN/${bin_to_lib}")
    endif()
    install(TARGETS moco-tool RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
    install(FILES ${CMAKE_BINARY_DIR}/moco.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 OPTIONAL)
    install(FILES ${CMAKE_BINARY_DIR}/moco.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME moco OPTIONAL)
endif()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
if(TARGET bindings)
    add_dependencies(ship bindings)
    install(FILES ${moco_bindings}/moco.hpp DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
    install(DIRECTORY ${moco_bindings}/moco DESTINATION ${CMAKE_INSTALL_DATADIR}/moco/python FILES_MATCHING PATTERN "*.py")
endif()
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)

if(moco_bundle)
    set(runtime ${CMAKE_BINARY_DIR}/runtime)
    add_custom_command(OUTPUT ${runtime}/.complete
        COMMAND ${PROJECT_SOURCE_DIR}/cmake/runtime.sh ${MOCO_TORCH_DIR} ${runtime}
        DEPENDS ${PROJECT_SOURCE_DIR}/cmake/runtime.sh ${MOCO_TORCH_DIR}/lib/libtorch_cpu.so
        COMMENT "Copying libtorch's runtime" VERBATIM)
    add_custom_target(runtime DEPENDS ${runtime}/.complete)
    add_dependencies(ship runtime)
    install(DIRECTORY ${runtime}/lib/ DESTINATION ${CMAKE_INSTALL_LIBDIR}/moco USE_SOURCE_PERMISSIONS)
    install(DIRECTORY ${runtime}/licences DESTINATION ${CMAKE_INSTALL_DOCDIR})
endif()

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/moco)
install(EXPORT moco-targets NAMESPACE moco:: FILE moco-config.cmake DESTINATION ${package_folder})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/moco-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/moco-config-version.cmake DESTINATION ${package_folder})

# There is no Requires.private: with it pkg-config asks for the development packages of all dependencies for a program that
# links libmoco.so, and for a static one, for their dependencies as static libraries.
set(MOCO_PC_LIBS_PRIVATE "")
if(NOT BUILD_SHARED_LIBS)
    list(TRANSFORM MOCO_STATIC_DEPENDENCIES PREPEND -l OUTPUT_VARIABLE flags)
    list(APPEND flags ${moco_static_torch})
    string(REPLACE "$<INSTALL_PREFIX>" "\${prefix}" flags "${flags}")
    string(REPLACE ";" " " MOCO_PC_LIBS_PRIVATE "${flags}")
endif()
set(pkgconfig_folder ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH MOCO_PC_PREFIX ${pkgconfig_folder} ${CMAKE_INSTALL_PREFIX})
configure_file(${PROJECT_SOURCE_DIR}/cmake/moco.pc.in ${CMAKE_BINARY_DIR}/moco.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/moco.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
