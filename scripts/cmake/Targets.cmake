# helio_library, helio_program and helio_test: our targets with warnings, sanitizers, the shared precompiled headers and unity builds.
find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime ${CCACHE})
endif()

add_library(helio_options INTERFACE)
target_compile_definitions(helio_options INTERFACE GLOG_CUSTOM_PREFIX_SUPPORT)
target_include_directories(helio_options INTERFACE ${CMAKE_SOURCE_DIR})
# A square root that may set errno keeps its loop from being vectorised; nobody reads it.
target_compile_options(helio_options INTERFACE -fno-math-errno)
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

# Torch's headers are dear, so a target sorts its files by what they need: SOURCES no torch at all, TENSOR_SOURCES
# src/base/tensor.h, MODULE_SOURCES src/base/autograd.h or src/nn/module.h. Each kind has one precompiled header for the whole house.
# With HELIO_UNITY a target's files of a kind are compiled together, some at a time (docs/benchmarks/build.md);
# tests/style/check_torch.py keeps torch out of SOURCES.
foreach(kind plain tensor module)
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/pch_${kind}.cc CONTENT "")
  add_library(helio_pch_${kind} OBJECT ${CMAKE_BINARY_DIR}/pch_${kind}.cc)
  target_link_libraries(helio_pch_${kind} PRIVATE helio_options)
  target_precompile_headers(helio_pch_${kind} PRIVATE ${CMAKE_SOURCE_DIR}/scripts/cmake/pch_${kind}.h)
endforeach()

# Where the time of a run goes -O3 pays (base, dataio, cluster, nn), elsewhere -O2 compiles faster; tests have -O1.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
macro(helio_optimize level)
  if(CMAKE_BUILD_TYPE STREQUAL Release)
    add_compile_options(${level})
  endif()
endmacro()

# The files of one kind as part of `target`.
function(helio_compile target kind depends)
  if(NOT ARGN)
    return()
  endif()
  set(objects ${target}_${kind})
  add_library(${objects} OBJECT ${ARGN})
  target_link_libraries(${objects} PUBLIC helio_options ${depends})
  target_precompile_headers(${objects} REUSE_FROM helio_pch_${kind})
  set_target_properties(${objects} PROPERTIES UNITY_BUILD ${HELIO_UNITY} UNITY_BUILD_BATCH_SIZE ${HELIO_UNITY_FILES})
  target_sources(${target} PRIVATE $<TARGET_OBJECTS:${objects}>)
endfunction()

# Shared by the functions below: reads SOURCES, TENSOR_SOURCES, MODULE_SOURCES and DEPENDS of the caller's ARG_.
macro(helio_compile_kinds name)
  helio_compile(${name} plain "${ARG_DEPENDS}" ${ARG_SOURCES})
  helio_compile(${name} tensor "${ARG_DEPENDS}" ${ARG_TENSOR_SOURCES})
  helio_compile(${name} module "${ARG_DEPENDS}" ${ARG_MODULE_SOURCES})
endmacro()
set(HELIO_LISTS "SOURCES;TENSOR_SOURCES;MODULE_SOURCES;DEPENDS")

# helio_library(helio_nn MODULE_SOURCES a.cc b.cc DEPENDS helio_base)
function(helio_library name)
  cmake_parse_arguments(ARG "" "" "${HELIO_LISTS}" ${ARGN})
  add_library(${name} STATIC)
  set_target_properties(${name} PROPERTIES LINKER_LANGUAGE CXX)
  target_link_libraries(${name} PUBLIC helio_options ${ARG_DEPENDS})
  helio_compile_kinds(${name})
endfunction()

# helio_program(helio-pack SOURCES pack_main.cc DEPENDS helio_dataio)
function(helio_program name)
  cmake_parse_arguments(ARG "" "" "${HELIO_LISTS}" ${ARGN})
  add_executable(${name})
  set_target_properties(${name} PROPERTIES LINKER_LANGUAGE CXX)
  target_link_libraries(${name} PRIVATE helio_options ${ARG_DEPENDS})
  helio_compile_kinds(${name})
endfunction()

# helio_test(sampler_test LABEL unit [RANKS 2 4] [TIMEOUT 60] SOURCES sampler_test.cc DEPENDS helio_dataio)
# With RANKS the program is also registered as <name>_n<ranks> under mpirun. The program has gtest's main unless its files have one
# and OWN_MAIN is given.
function(helio_test name)
  cmake_parse_arguments(ARG "OWN_MAIN" "LABEL;TIMEOUT" "${HELIO_LISTS};RANKS;ARGS" ${ARGN})
  add_executable(${name})
  set_target_properties(${name} PROPERTIES LINKER_LANGUAGE CXX RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  list(APPEND ARG_DEPENDS GTest::gtest GTest::gmock)
  target_link_libraries(${name} PRIVATE helio_options ${ARG_DEPENDS})
  helio_compile_kinds(${name})
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

# Tests that take long or the whole machine: scripts/test --fast leaves them out (label "slow" beside their own).
function(helio_slow_tests)
  foreach(name IN LISTS ARGN)
    set_property(TEST ${name} APPEND PROPERTY LABELS slow)
  endforeach()
endfunction()

function(helio_register_test name label timeout processors)
  add_test(NAME ${name} COMMAND ${ARGN} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT ${timeout} PROCESSORS ${processors}
    ENVIRONMENT "OMPI_ALLOW_RUN_AS_ROOT=1;OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1;OMPI_MCA_mpi_yield_when_idle=1")
endfunction()
