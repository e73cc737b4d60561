# Sets MOCO_COMMIT to the commit that is built, "1a2b3c4d5e6f" or "1a2b3c4d5e6f-dirty"; empty outside of a clone. A later
# commit configures again.
set(MOCO_COMMIT "")
find_package(Git QUIET)
if(GIT_FOUND)
    function(moco_git result)
        execute_process(COMMAND ${GIT_EXECUTABLE} ${ARGN} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
            OUTPUT_VARIABLE text ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
        set(${result} "${text}" PARENT_SCOPE)
    endfunction()
    moco_git(top rev-parse --show-toplevel)
    if(top STREQUAL PROJECT_SOURCE_DIR) # not the commit of a project that holds an unpacked archive
        moco_git(MOCO_COMMIT describe --always --dirty --exclude=* --abbrev=12)
        moco_git(log rev-parse --git-path logs/HEAD)
        get_filename_component(log "${log}" ABSOLUTE BASE_DIR ${PROJECT_SOURCE_DIR})
        if(EXISTS ${log})
            set_property(DIRECTORY ${PROJECT_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${log})
        endif()
    endif()
endif()
