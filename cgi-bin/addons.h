#ifndef SUTLER_ADDONS_H
#define SUTLER_ADDONS_H

#include "cgi.h"

/* What a Heroku v3 provider sees and does of the one installation that its
 * access token is for, in cgi-bin/addons-partner.c. */
const struct fail *partner_addons(struct cgi *c);
const struct fail *partner_addon(struct cgi *c);
const struct fail *partner_config(struct cgi *c);
const struct fail *partner_config_set(struct cgi *c);
const struct fail *partner_ready(struct cgi *c);
const struct fail *partner_failed(struct cgi *c);

/* Start tick, once the answer is out. */
void addons_start_tick(struct cgi *c);

#endif
