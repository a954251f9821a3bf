# Plugins: shared objects that export nothing but their entry and link nothing of ours.
#
# While the plugin API is 0 a plugin loads only into the build it came from: both sides carry the hash
# of the two headers that are their contract.
set(_headers ${PROJECT_SOURCE_DIR}/include/drstor/types.h ${PROJECT_SOURCE_DIR}/include/drstor/plugin.h)
set_property(DIRECTORY ${PROJECT_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${_headers})
set(_contract "")
foreach(header IN LISTS _headers)
    file(READ ${header} _text)
    string(APPEND _contract "${_text}")
endforeach()
string(SHA256 DRSTOR_PLUGIN_BUILD "${_contract}")
set(DRSTOR_PLUGIN_DIR ${CMAKE_BINARY_DIR}/plugins)

# dr_plugin(NAME SOURCES... [LIBS ...]) builds plugins/drstor_NAME.so.
function(dr_plugin name)
    dr_plugin_target(drstor_${name} ${ARGN})
    set_target_properties(drstor_${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${DRSTOR_PLUGIN_DIR})
    # With the prefix /usr this is where a configuration that says nothing looks.
    install(TARGETS drstor_${name} LIBRARY DESTINATION lib/drstor/plugins)
endfunction()

function(dr_plugin_target target)
    cmake_parse_arguments(P "" "" "SOURCES;LIBS" ${ARGN})
    add_library(${target} MODULE ${P_SOURCES} ${P_UNPARSED_ARGUMENTS})
    target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/include)
    target_compile_definitions(${target} PRIVATE "DRSTOR_PLUGIN_BUILD=\"${DRSTOR_PLUGIN_BUILD}\"")
    target_link_libraries(${target} PRIVATE dr_options ${P_LIBS})
    # json-c and static libraries stay inside.
    target_link_options(${target} PRIVATE -Wl,--exclude-libs,ALL)
    set_target_properties(${target} PROPERTIES PREFIX "" C_VISIBILITY_PRESET hidden SKIP_BUILD_RPATH ON)
endfunction()
