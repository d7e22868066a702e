# helio_library, helio_program and helio_test: our targets with warnings, sanitizers and the shared precompiled header.
find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime ${CCACHE})
endif()

add_library(helio_options INTERFACE)
target_compile_definitions(helio_options INTERFACE GLOG_CUSTOM_PREFIX_SUPPORT)
target_include_directories(helio_options INTERFACE ${CMAKE_SOURCE_DIR})
# GCC 12 reports overflows and overlaps in correct std::string concatenations (PR105329, PR105651): off.
target_compile_options(helio_options INTERFACE -Wno-stringop-overflow -Wno-restrict)
target_compile_options(helio_options INTERFACE -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual
  $<$<BOOL:${HELIO_WERROR}>:-Werror> $<$<BOOL:${CCACHE}>:-fpch-preprocess>)
if(HELIO_SANITIZE)
  # Instrumented code confuses GCC's warnings (its manual says so): seen, but no errors.
  target_compile_options(helio_options INTERFACE -fsanitize=${HELIO_SANITIZE} -fno-omit-frame-pointer -Wno-error)
  target_link_options(helio_options INTERFACE -fsanitize=${HELIO_SANITIZE})
endif()
target_link_libraries(helio_options INTERFACE helio_torch PkgConfig::GLOG Threads::Threads)

# <torch/torch.h> costs about 20 s a translation unit; every target reuses this one precompiled header.
file(WRITE ${CMAKE_BINARY_DIR}/pch.cc "")
add_library(helio_pch OBJECT ${CMAKE_BINARY_DIR}/pch.cc)
target_link_libraries(helio_pch PRIVATE helio_options)
target_precompile_headers(helio_pch PRIVATE ${CMAKE_SOURCE_DIR}/src/base/pch.h)

function(helio_configure target)
  target_link_libraries(${target} PUBLIC helio_options)
  target_precompile_headers(${target} REUSE_FROM helio_pch)
endfunction()

# helio_library(helio_nn SOURCES a.cc b.cc DEPENDS helio_base)
function(helio_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  helio_configure(${name})
  target_link_libraries(${name} PUBLIC ${ARG_DEPENDS})
endfunction()

# helio_program(helio-pack SOURCES pack_main.cc DEPENDS helio_dataio)
function(helio_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  helio_configure(${name})
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS})
endfunction()

# helio_test(sampler_test LABEL unit [RANKS 2 4] [TIMEOUT 60] SOURCES sampler_test.cc DEPENDS helio_dataio)
# With RANKS the program is also registered as <name>_n<ranks> under mpirun. The program has gtest's main unless SOURCES has one
# and OWN_MAIN is given.
function(helio_test name)
  cmake_parse_arguments(ARG "OWN_MAIN" "LABEL;TIMEOUT" "SOURCES;DEPENDS;RANKS;ARGS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  helio_configure(${name})
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS} GTest::gtest GTest::gmock)
  if(NOT ARG_OWN_MAIN)
    target_link_libraries(${name} PRIVATE GTest::gtest_main)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  if(NOT ARG_RANKS)
    helio_register_test(${name} ${ARG_LABEL} ${ARG_TIMEOUT} 1 $<TARGET_FILE:${name}> ${ARG_ARGS})
  endif()
  foreach(ranks IN LISTS ARG_RANKS)
    helio_register_test(${name}_n${ranks} ${ARG_LABEL} ${ARG_TIMEOUT} ${ranks}
      mpirun --oversubscribe --bind-to none -n ${ranks} $<TARGET_FILE:${name}> ${ARG_ARGS})
  endforeach()
endfunction()

function(helio_register_test name label timeout processors)
  add_test(NAME ${name} COMMAND ${ARGN} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT ${timeout} PROCESSORS ${processors}
    ENVIRONMENT "OMPI_ALLOW_RUN_AS_ROOT=1;OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1;OMPI_MCA_mpi_yield_when_idle=1")
endfunction()
