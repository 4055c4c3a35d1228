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

/* The same under the writers' lock, which is taken, and If-Match held against
 * it; app names its app, or is NULL where the path names the installation.  On
 * failure the lock is given back. */
const struct fail *partner_edit(struct addon_result *r, struct cgi *c,
    const char *app);

/* Its webhooks, in cgi-bin/addons-webhook.c. */
const struct fail *webhook_list(struct cgi *c);
const struct fail *webhook_create(struct cgi *c);
const struct fail *webhook_show(struct cgi *c);
const struct fail *webhook_change(struct cgi *c);
const struct fail *webhook_delete(struct cgi *c);
const struct fail *webhook_sent(struct cgi *c);
const struct fail *webhook_causes(struct cgi *c);

/* What it sees of the apps that have it, in cgi-bin/addons-app.c. */
const struct fail *partner_app(struct cgi *c);
const struct fail *partner_attachments(struct cgi *c);
const struct fail *partner_app_attachments(struct cgi *c);

/* The installation of the token, whatever app the path names.  FAIL_MISSING
 * "addon".  True where ident is app's id or name.  {id, name} of app, or of a,
 * as a member of o. */
const struct fail *partner_on_app(struct addon_result *r, struct cgi *c);
bool partner_is_called(const struct app *app, const char *ident);
cJSON *partner_add_app(cJSON *o, const struct app *app);
cJSON *partner_add_addon(cJSON *o, const struct addon *a);

/* Where its app's log is sent, in cgi-bin/addons-drain.c: the add-on's own
 * drain, which its order brought, and those that the provider adds. */
const struct fail *partner_drains(struct cgi *c);
const struct fail *partner_drain_change(struct cgi *c);
const struct fail *partner_drain_add(struct cgi *c);
const struct fail *partner_drain_remove(struct cgi *c);

/* Where the app's people have its log sent, in cgi-bin/addons-log.c. */
const struct fail *log_drains(struct cgi *c);
const struct fail *log_drain_create(struct cgi *c);
const struct fail *log_drain_destroy(struct cgi *c);

/* Start tick, once the answer is out. */
void addons_start_tick(struct cgi *c);

#endif
