# dr_module(NAME SOURCES ... USES ... [LIBS ...])
#
# One folder of core/ is one target that names the folders it uses. The names are kept in a property,
# and tests/style/layers fails on an include of any folder that is not among them (or below them).
set(DR_MODULES "" CACHE INTERNAL "")

function(dr_module name)
    cmake_parse_arguments(M "" "" "SOURCES;USES;LIBS" ${ARGN})
    add_library(dr_${name} STATIC ${M_SOURCES})
    set_target_properties(dr_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
    target_include_directories(dr_${name} PUBLIC ${PROJECT_SOURCE_DIR}/core ${PROJECT_SOURCE_DIR}/include)
    target_link_libraries(dr_${name} PRIVATE dr_options)
    foreach(use IN LISTS M_USES)
        target_link_libraries(dr_${name} PUBLIC dr_${use})
    endforeach()
    target_link_libraries(dr_${name} PUBLIC ${M_LIBS})
    set(DR_MODULES "${DR_MODULES};${name}" CACHE INTERNAL "")
    string(REPLACE ";" " " uses "${M_USES}")
    file(APPEND ${CMAKE_BINARY_DIR}/layers.txt "${name}: ${uses}\n")
endfunction()

# dr_test(NAME LABEL SOURCES ... LIBS ...): one cmocka program. Names mirror the path under test.
function(dr_test name label)
    cmake_parse_arguments(T "" "" "SOURCES;LIBS;ENV" ${ARGN})
    add_executable(${name} ${T_SOURCES})
    target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/core ${PROJECT_SOURCE_DIR}/include
                               ${PROJECT_SOURCE_DIR}/tests)
    target_link_libraries(${name} PRIVATE dr_options ${T_LIBS} PkgConfig::CMOCKA)
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT 900 ENVIRONMENT "${T_ENV}")
endfunction()
