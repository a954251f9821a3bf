# dr_plugin(NAME SOURCES ... [LIBS ...])
#
# One plugin: drstor_NAME.so in ${CMAKE_BINARY_DIR}/plugins, nothing exported but its entry. While
# the plugin API is 0 a plugin loads only into the build it came from; the build is named by the
# hash of the two headers a plugin sees.
set(_headers ${PROJECT_SOURCE_DIR}/include/drstor/types.h ${PROJECT_SOURCE_DIR}/include/drstor/plugin.h)
set_property(DIRECTORY ${PROJECT_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${_headers})
set(_hashes "")
foreach(header IN LISTS _headers)
    file(SHA256 ${header} _hash)
    string(APPEND _hashes ${_hash})
endforeach()
string(SHA256 _hash "${_hashes}")
string(SUBSTRING ${_hash} 0 16 DRSTOR_PLUGIN_BUILD)
set(DRSTOR_PLUGIN_DIR ${CMAKE_BINARY_DIR}/plugins)

function(dr_plugin name)
    cmake_parse_arguments(P "" "" "SOURCES;LIBS" ${ARGN})
    add_library(drstor_${name} MODULE ${P_SOURCES})
    set_target_properties(drstor_${name} PROPERTIES
        PREFIX "" C_VISIBILITY_PRESET hidden LIBRARY_OUTPUT_DIRECTORY ${DRSTOR_PLUGIN_DIR})
    target_include_directories(drstor_${name} PRIVATE ${PROJECT_SOURCE_DIR}/include)
    target_compile_definitions(drstor_${name} PRIVATE DRSTOR_PLUGIN_BUILD="${DRSTOR_PLUGIN_BUILD}")
    target_link_libraries(drstor_${name} PRIVATE dr_options ${P_LIBS})
    # json-c and our own static libraries stay inside.
    target_link_options(drstor_${name} PRIVATE -Wl,--exclude-libs,ALL)
endfunction()
