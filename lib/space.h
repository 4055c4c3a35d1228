#ifndef SUTLER_SPACE_H
#define SUTLER_SPACE_H

#include "conf.h"

struct fail;

/* There is room for more than what the operator keeps for himself: at least
 * conf->space_reserve MB where conf->data is.  FAIL_BUSY otherwise. */
const struct fail *space_check(const struct conf *conf);

#endif
