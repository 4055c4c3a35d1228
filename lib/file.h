#ifndef SUTLER_FILE_H
#define SUTLER_FILE_H

#include <stdbool.h>
#include <stddef.h>

struct fail;

/* Small whole files. */

/* *text = the bytes of the file at path, NUL behind, *len their number; NULL
 * and 0 where there is no such file. */
const struct fail *file_read(char **text, size_t *len, const char *path);

/* Put the len bytes at text into the file at path, all at once: a new file in
 * directory tmp is renamed over it.  Directories on the way are made (mode
 * 0777 less the umask).  Unflushed. */
const struct fail *file_replace(const char *path, const char *tmp,
    const char *text, size_t len);

/* The same with mode 0600: what others must not read. */
const struct fail *file_replace_private(const char *path, const char *tmp,
    const char *text, size_t len);

/* Write the len bytes at text over the beginning of the file at path; where
 * there is none, nothing is done. */
const struct fail *file_overwrite(const char *path, const char *text,
    size_t len);

/* Take the file at path away; it need not be there. */
const struct fail *file_remove(const char *path);

/* Take away whatever is at path, a directory with all that is in it; it need
 * not be there. */
const struct fail *file_remove_all(const char *path);

/* Make directory path and those above it. */
const struct fail *file_directory(const char *path);

#endif
