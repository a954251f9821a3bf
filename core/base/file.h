/* Files as a controller needs them: whole, synced, locked, close-on-exec. */
#ifndef DR_BASE_FILE_H
#define DR_BASE_FILE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* The whole file, NUL-terminated; INVALID when larger than MOST. The caller frees. */
int dr_file_read(const char *path, size_t most, char **ret_text, size_t *ret_n,
                 struct drstor_error **err);
/* The same from a descriptor that was opened and checked; PATH is for messages. */
int dr_file_read_fd(int fd, const char *path, size_t most, char **ret_text, size_t *ret_n,
                    struct drstor_error **err);
/* Temporary file, fsync, rename, fsync of the folder: the old content or the new, never a part. */
int dr_file_write(const char *path, const char *text, size_t n, unsigned mode,
                  struct drstor_error **err);
/* Creates the last folder of PATH with MODE if it is not there. */
int dr_dir_make(const char *path, unsigned mode, struct drstor_error **err);

/*
 * Every step of PATH and the file itself are owned by root or by us and cannot be written by
 * anybody else (root's sticky folders such as the temporary one are allowed as steps), and the
 * file is no link (safety X1, X8). With SECRET the file must not be readable by others either.
 * Opens first and checks what was opened; the caller closes the descriptor.
 */
int dr_file_open_trusted(const char *path, bool secret, int *ret_fd, struct drstor_error **err);

#endif
