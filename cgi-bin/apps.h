#ifndef SUTLER_APPS_H
#define SUTLER_APPS_H

#include "cgi.h"

struct app;

/* The answer is {"app": …}. */
const struct fail *apps_answer(struct cgi *c, int status,
    const struct app *app);

/* What runs tick once the answer is out: for c->after. */
void apps_tick(struct cgi *c);

/* Variables, in cgi-bin/apps-variables.c. */
cgi_handler variables, variable_create, variables_set, variables_delete,
    variable_change, variable_delete;

/* Collaborators, in cgi-bin/apps-people.c. */
cgi_handler people, people_all, people_invite, people_change, people_remove,
    people_accept;

/* Events, restarts and their operations, in cgi-bin/apps-events.c. */
cgi_handler events, events_mine, event, restart, operation;

/* The provider's view of its installations, in cgi-bin/apps-provider.c. */
cgi_handler provider_apps, provider_app, provider_app_set, provider_set,
    provider_ready, provider_failed, vendor_apps, vendor_app, vendor_set;

#endif
