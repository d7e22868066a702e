# Everything that is not ours. LibTorch, the CUDA runtime and NCCL come from the PyPI wheels in .venv, as plain imported
# targets: find_package(Torch) would insist on an installed CUDA toolkit (docs/decisions/0001-wheels.md).
file(GLOB default_site_packages ${CMAKE_SOURCE_DIR}/.venv/lib/python3*/site-packages)
set(HELIO_SITE_PACKAGES "${default_site_packages}" CACHE PATH "Folder with the torch and nvidia wheels")
if(NOT EXISTS "${HELIO_SITE_PACKAGES}/torch/lib/libtorch.so")
  message(FATAL_ERROR "No LibTorch in '${HELIO_SITE_PACKAGES}'. Run scripts/bootstrap, or set HELIO_SITE_PACKAGES.")
endif()

set(torch_root ${HELIO_SITE_PACKAGES}/torch)
set(cuda_root ${HELIO_SITE_PACKAGES}/nvidia/cu13)
set(nccl_root ${HELIO_SITE_PACKAGES}/nvidia/nccl)

add_library(helio_torch INTERFACE)
target_include_directories(helio_torch SYSTEM INTERFACE
  ${torch_root}/include ${torch_root}/include/torch/csrc/api/include ${cuda_root}/include ${nccl_root}/include)
target_compile_definitions(helio_torch INTERFACE USE_DISTRIBUTED)
# libstdc++ comes first: libtorch.so exports broken copies of std::filesystem functions (remove_all calls a null pointer), and the
# loader takes the first definition it meets. libtorch_cuda registers its kernels from static initialisers: nothing refers to it,
# so --as-needed would drop it.
target_link_libraries(helio_torch INTERFACE
  -Wl,--no-as-needed stdc++ ${torch_root}/lib/libtorch_cuda.so ${torch_root}/lib/libtorch.so -Wl,--as-needed
  ${torch_root}/lib/libtorch_cpu.so ${torch_root}/lib/libc10_cuda.so ${torch_root}/lib/libc10.so
  ${cuda_root}/lib/libcudart.so.13 ${nccl_root}/lib/libnccl.so.2)
target_link_options(helio_torch INTERFACE
  "LINKER:-rpath,${torch_root}/lib:${cuda_root}/lib:${nccl_root}/lib" "LINKER:--allow-shlib-undefined")

find_package(Threads REQUIRED)
find_package(MPI REQUIRED COMPONENTS C)
find_package(HDF5 REQUIRED COMPONENTS C)
find_package(PNG REQUIRED)
find_package(JPEG REQUIRED)
find_package(ICU REQUIRED COMPONENTS uc)
find_package(GTest REQUIRED)
find_package(nlohmann_json REQUIRED)
find_library(GFLAGS_LIBRARY gflags REQUIRED)  # its CMake target defines a macro that would invalidate the precompiled header
find_package(prometheus-cpp REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(GLOG REQUIRED IMPORTED_TARGET libglog)
pkg_check_modules(MICROHTTPD REQUIRED IMPORTED_TARGET libmicrohttpd)
pkg_check_modules(PANGO REQUIRED IMPORTED_TARGET pangocairo)
set_target_properties(PkgConfig::PANGO PROPERTIES INTERFACE_COMPILE_OPTIONS "")  # its -pthread would invalidate the precompiled headers
pkg_check_modules(HTTPLIB REQUIRED IMPORTED_TARGET cpp-httplib)
pkg_check_modules(TURBOJPEG REQUIRED IMPORTED_TARGET libturbojpeg)
pkg_check_modules(WEBP REQUIRED IMPORTED_TARGET libwebp libwebpdemux)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
# The heap of every program (docs/decisions/0004-heap.md); sanitizers bring their own.
add_library(helio_heap INTERFACE)
if(NOT HELIO_SANITIZE)
  pkg_check_modules(TCMALLOC REQUIRED IMPORTED_TARGET libtcmalloc_minimal)
  target_link_libraries(helio_heap INTERFACE PkgConfig::TCMALLOC)
  target_compile_definitions(helio_heap INTERFACE HELIO_TCMALLOC)
endif()
add_library(helio_hdf5 INTERFACE)
target_include_directories(helio_hdf5 SYSTEM INTERFACE ${HDF5_C_INCLUDE_DIRS})
target_link_libraries(helio_hdf5 INTERFACE ${HDF5_C_LIBRARIES})
