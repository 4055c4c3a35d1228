#ifndef SUTLER_SUTLER_SECRET_H
#define SUTLER_SUTLER_SECRET_H

#include "finding.h"
#include "store.h"

/* What sutler init, fsck and doctor have to do with secrets. */
struct conf;

/* Open every secret there is; what does not open is a finding (n NULL: it is
 * counted alone, lib/secret.h).  FAIL_SYSTEM: there is no key. */
const struct fail *sutler_secret_check(struct store *s, struct findings *n);

/* git log and git diff in the store show secrets to who can read the key of
 * conf: by sutler unseal. */
const struct fail *sutler_secret_show(struct store *s, const struct conf *conf);

/* The first key, into the key file open at fd, unless it has one. */
const struct fail *sutler_secret_first_key(int fd, const struct conf *conf);

#endif
