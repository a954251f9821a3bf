# While the plugin API is 0, a plugin loads only into the build it came from: both sides carry the
# hash of the two headers that are their contract.
file(READ ${PROJECT_SOURCE_DIR}/include/drstor/types.h _types_h)
file(READ ${PROJECT_SOURCE_DIR}/include/drstor/plugin.h _plugin_h)
string(SHA256 DRSTOR_PLUGIN_BUILD "${_types_h}${_plugin_h}")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
             ${PROJECT_SOURCE_DIR}/include/drstor/types.h ${PROJECT_SOURCE_DIR}/include/drstor/plugin.h)

# dr_plugin(NAME SOURCES...) builds plugins/drstor_NAME.so. It links nothing of ours.
function(dr_plugin name)
    dr_plugin_target(drstor_${name} ${ARGN})
    set_target_properties(drstor_${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/plugins)
endfunction()

function(dr_plugin_target target)
    add_library(${target} MODULE ${ARGN})
    target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/include)
    target_link_libraries(${target} PRIVATE dr_options)
    target_compile_definitions(${target} PRIVATE "DRSTOR_PLUGIN_BUILD=\"${DRSTOR_PLUGIN_BUILD}\"")
    set_target_properties(${target} PROPERTIES PREFIX "" C_VISIBILITY_PRESET hidden SKIP_BUILD_RPATH ON)
endfunction()
