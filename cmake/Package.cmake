# Describes the packages that cpack makes: an archive that runs where it is unpacked, and a Debian package. Both hold
# libtorch's runtime, and take the other libraries from the system.
if(NOT moco_bundle)
    return()
endif()
set(CPACK_GENERATOR TZST DEB)
set(CPACK_PACKAGE_NAME moco)
set(CPACK_PACKAGE_VENDOR "libmoco authors")
set(CPACK_PACKAGE_CONTACT "libmoco authors")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Momentum Contrast: self-supervised learning on images")
set(CPACK_PACKAGE_DESCRIPTION "A C library and the tool moco, which learn features of images without labels.
 libtorch is inside, in lib/moco.")
string(TOLOWER ${CMAKE_SYSTEM_NAME} system)
set(CPACK_PACKAGE_FILE_NAME moco-${PROJECT_VERSION}-${system}-${CMAKE_SYSTEM_PROCESSOR})
set(CPACK_STRIP_FILES ON)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE zstd)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_DEPENDS fonts-dejavu-core) # for charts
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${CMAKE_BINARY_DIR}/lib ${MOCO_TORCH_DIR}/lib ${CMAKE_BINARY_DIR}/runtime/lib)
include(CPack)
