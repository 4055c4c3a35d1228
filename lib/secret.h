#ifndef SUTLER_SECRET_H
#define SUTLER_SECRET_H

struct fail;

/*
 * The one door for secrets (config values, a manifest's password and salt) on
 * their way in and out of a record.  Today they stand in records in clear;
 * sealing them at rest is a change of this pair alone.
 */

/* The text that stands in a record for the secret clear. */
const char *secret_seal(const char *clear);

/* *clear = the secret that stands in a record as sealed. */
const struct fail *secret_open(const char **clear, const char *sealed);

#endif
