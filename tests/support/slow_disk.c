/* For LD_PRELOAD: a process on a slow disk (SLOW_DISK seconds for each fsync), on the rank SLOW_RANK of an mpirun. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void pause_for(const char* name) {
  const char *seconds = getenv(name), *slow = getenv("SLOW_RANK"), *rank = getenv("OMPI_COMM_WORLD_RANK");
  if (!seconds || !slow || !rank || strcmp(slow, rank)) return;
  const double wanted = atof(seconds);
  struct timespec span = {(time_t)wanted, (long)((wanted - (long)wanted) * 1e9)};
  nanosleep(&span, NULL);
}

int fsync(int descriptor) {
  pause_for("SLOW_DISK");
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  return real(descriptor);
}
