#ifndef SUTLER_OWNER_H
#define SUTLER_OWNER_H

struct fail;
struct findings;

/*
 * Whose the data are.  All below DATA belongs to the owner of DATA itself, who
 * is the user that the web server runs the programs as.
 */

/* Where root asks, the process becomes the owner of directory data from here
 * on, for good, with the groups of that user; nobody else changes, and nothing
 * happens where there is no such directory. */
const struct fail *owner_become(const char *data);

/*
 * Find what the owner of data could not use: files and directories of another
 * user (root alone can mend these), modes that shut the owner out, and
 * directories of the git repository that do not hand on their group.  A file
 * with several links that anyone may read is let be: git clone makes such, and
 * the other one is not ours.  Symbolic links are not followed.
 */
const struct fail *owner_check(const char *data, struct findings *n);

#endif
