#ifndef SUTLER_APPS_H
#define SUTLER_APPS_H

#include "cgi.h"

/* The provider's view of its installations, in cgi-bin/apps-provider.c. */
const struct fail *provider_apps(struct cgi *c);
const struct fail *provider_app(struct cgi *c);
const struct fail *provider_app_set(struct cgi *c);
const struct fail *provider_config_set(struct cgi *c);
const struct fail *provider_ready(struct cgi *c);
const struct fail *provider_failed(struct cgi *c);
const struct fail *vendor_apps(struct cgi *c);
const struct fail *vendor_app(struct cgi *c);
const struct fail *vendor_app_set(struct cgi *c);

#endif
