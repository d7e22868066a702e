# Run at every build: writes REVISION_FILE if VERSION or the source's git revision changed.
execute_process(COMMAND git -C ${SOURCE} describe --always --dirty OUTPUT_VARIABLE revision ERROR_QUIET
  OUTPUT_STRIP_TRAILING_WHITESPACE)
if(NOT revision)
  set(revision unknown)
endif()
file(CONFIGURE OUTPUT ${REVISION_FILE} CONTENT [[#include "src/app/version.h"

std::string helio::app::Version() { return "@VERSION@"; }
std::string helio::app::Revision() { return "@revision@"; }
]] @ONLY)
