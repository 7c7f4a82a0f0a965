/*
 * Preloaded into a log's process: makes the n-th write, sync, rename, truncate or unlink under a folder go wrong.
 *   FAULT_DIR   the folder            FAULT_AT  n, from 1; 0 only counts
 *   FAULT_KIND  eio: that call fails once · enospc: it and every later write fail · kill: SIGKILL before it
 *               torn: half of the write happens, then SIGKILL
 *   FAULT_COUNT a file that the number of calls is written to at exit
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static long calls;
static long fault_at;
static const char *folder;
static const char *kind;
static const char *count_file;

__attribute__((constructor)) static void setup(void) {
  const char *at = getenv("FAULT_AT");
  fault_at = at ? atol(at) : 0;
  folder = getenv("FAULT_DIR");
  kind = getenv("FAULT_KIND");
  count_file = getenv("FAULT_COUNT");
  if (!kind) kind = "";
}

__attribute__((destructor)) static void report(void) {
  if (!count_file) return;
  FILE *file = fopen(count_file, "w");
  if (!file) return;
  fprintf(file, "%ld", calls);
  fclose(file);
}

static int is_inside(const char *path) { return folder && strncmp(path, folder, strlen(folder)) == 0; }

static int is_inside_fd(int fd) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  return is_inside(path);
}

static void die(void) {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

/* 0: go on; 1: fail with errno set; 2: write half, then die. */
static int decide(int is_write) {
  long call = __atomic_add_fetch(&calls, 1, __ATOMIC_SEQ_CST);
  if (fault_at == 0 || call < fault_at) return 0;
  if (strcmp(kind, "enospc") == 0 && is_write) { errno = ENOSPC; return 1; }
  if (call != fault_at) return 0;
  if (strcmp(kind, "eio") == 0) { errno = EIO; return 1; }
  if (strcmp(kind, "torn") == 0 && is_write) return 2;
  if (strcmp(kind, "kill") == 0 || strcmp(kind, "torn") == 0) die();
  return 0;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *data, size_t size) {
  int outcome = is_inside_fd(fd) ? decide(1) : 0;
  if (outcome == 1) return -1;
  if (outcome == 2) { REAL(write)(fd, data, size / 2); die(); }
  return REAL(write)(fd, data, size);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
  int outcome = is_inside_fd(fd) ? decide(1) : 0;
  if (outcome == 1) return -1;
  if (outcome == 2) { REAL(pwrite)(fd, data, size / 2, at); die(); }
  return REAL(pwrite)(fd, data, size, at);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
  int outcome = is_inside_fd(fd) ? decide(1) : 0;
  if (outcome == 1) return -1;
  if (outcome == 2) { REAL(pwrite64)(fd, data, size / 2, at); die(); }
  return REAL(pwrite64)(fd, data, size, at);
}

int fsync(int fd) { return is_inside_fd(fd) && decide(0) ? -1 : REAL(fsync)(fd); }
int fdatasync(int fd) { return is_inside_fd(fd) && decide(0) ? -1 : REAL(fdatasync)(fd); }
int ftruncate(int fd, off_t size) { return is_inside_fd(fd) && decide(0) ? -1 : REAL(ftruncate)(fd, size); }
int ftruncate64(int fd, off64_t size) { return is_inside_fd(fd) && decide(0) ? -1 : REAL(ftruncate64)(fd, size); }
int rename(const char *from, const char *to) { return is_inside(to) && decide(0) ? -1 : REAL(rename)(from, to); }
int unlink(const char *path) { return is_inside(path) && decide(0) ? -1 : REAL(unlink)(path); }
