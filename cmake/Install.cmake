# Installs headers, library, tool, manual page, shell completion, CMake package and pkg-config file. The prefix can be moved
# afterwards.
include(CMakePackageConfigHelpers)

install(TARGETS moco EXPORT moco-targets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
if(TARGET moco_cuda)
    install(TARGETS moco_cuda LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
endif()
if(TARGET moco-tool)
    file(RELATIVE_PATH bin_to_lib ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})
    set_target_properties(moco-tool PROPERTIES INSTALL_RPATH "$ORIGIN/${bin_to_lib}")
    install(TARGETS moco-tool RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
    install(FILES ${CMAKE_BINARY_DIR}/moco.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 OPTIONAL)
    install(FILES ${CMAKE_BINARY_DIR}/moco.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME moco OPTIONAL)
endif()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/moco)
install(EXPORT moco-targets NAMESPACE moco:: FILE moco-config.cmake DESTINATION ${package_folder})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/moco-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/moco-config-version.cmake DESTINATION ${package_folder})

set(pkgconfig_folder ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH MOCO_PC_PREFIX ${pkgconfig_folder} ${CMAKE_INSTALL_PREFIX})
configure_file(${PROJECT_SOURCE_DIR}/cmake/moco.pc.in ${CMAKE_BINARY_DIR}/moco.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/moco.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
