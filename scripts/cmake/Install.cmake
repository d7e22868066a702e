# cmake --install build/release --prefix DIR, and cpack (a .deb): programs, configurations, launch files, pages, manual pages, completion.
# The programs find the LibTorch they were built with; HELIO_TORCH names another one (launch/start_program).
include(GNUInstallDirs)
get_target_property(HELIO_PROGRAM_NAMES helio_programs MANUALLY_ADDED_DEPENDENCIES)
set(HELIO_SHARE ${CMAKE_INSTALL_DATADIR}/heliograph)

install(PROGRAMS launch/start_program DESTINATION ${CMAKE_INSTALL_LIBDIR}/heliograph)
foreach(program IN LISTS HELIO_PROGRAM_NAMES)
  install(PROGRAMS ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/${program} DESTINATION ${CMAKE_INSTALL_LIBDIR}/heliograph)
  install(CODE "file(MAKE_DIRECTORY \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}\")
    file(CREATE_LINK ../${CMAKE_INSTALL_LIBDIR}/heliograph/start_program
      \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}/${program}\" SYMBOLIC)")
endforeach()
install(DIRECTORY configs DESTINATION ${HELIO_SHARE})
install(DIRECTORY launch DESTINATION ${HELIO_SHARE} USE_SOURCE_PERMISSIONS PATTERN start_program EXCLUDE PATTERN __pycache__ EXCLUDE)
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN "*.md" PATTERN "*.png" PATTERN benchmarks EXCLUDE PATTERN decisions EXCLUDE)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)
install(CODE "execute_process(COMMAND python3 ${CMAKE_SOURCE_DIR}/scripts/manual_pages ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}
  \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DATADIR}\" COMMAND_ERROR_IS_FATAL ANY)")

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT "Heliograph")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Distributed trainer for text-to-image GANs")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
# Those of launch/docker/Dockerfile. LibTorch, CUDA and NCCL are wheels, not packages.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "fonts-dejavu-core, libcpp-httplib0.11, libcurl4, libgflags2.2, libgoogle-glog0v6, libhdf5-103-1, libicu72, libjpeg62-turbo, libmicrohttpd12, libopenmpi3, libpangocairo-1.0-0, libpng16-16, libprometheus-cpp-core1.0, libstdc++6, libtcmalloc-minimal4, libturbojpeg0, libwebp7, libwebpdemux2, libxxhash0, openmpi-bin, python3")
include(CPack)
