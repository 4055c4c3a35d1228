#ifndef SUTLER_ADDONS_H
#define SUTLER_ADDONS_H

#include "addon.h"
#include "cgi.h"

/* What a Heroku v3 provider sees and does of the one installation that its
 * access token is for, in cgi-bin/addons-partner.c. */
const struct fail *partner_addons(struct cgi *c);
const struct fail *partner_addon(struct cgi *c);
const struct fail *partner_config(struct cgi *c);
const struct fail *partner_config_set(struct cgi *c);
const struct fail *partner_ready(struct cgi *c);
const struct fail *partner_failed(struct cgi *c);

/* The installation of the token, if the request's name of it is one, also (not
 * partner_installed) where it has left its app and its removal is not done.
 * FAIL_MISSING "addon". */
const struct fail *partner_locate(struct addon_result *r, struct cgi *c);
const struct fail *partner_installed(struct addon_result *r, struct cgi *c);

/* Its webhooks, in cgi-bin/addons-webhook.c. */
const struct fail *webhook_list(struct cgi *c);
const struct fail *webhook_create(struct cgi *c);
const struct fail *webhook_show(struct cgi *c);
const struct fail *webhook_change(struct cgi *c);
const struct fail *webhook_delete(struct cgi *c);
const struct fail *webhook_sent(struct cgi *c);
const struct fail *webhook_causes(struct cgi *c);

/* Start tick, once the answer is out. */
void addons_start_tick(struct cgi *c);

#endif
