#include "cgi.h"

static const struct fail *
self(struct cgi *c)
{
	cJSON_AddItemToObject(cgi_answer(c, 200), "user",
	    account_view(c->account));
	c->revision = account_revision(c->account);
	return NULL;
}

/* Clients ask for it, and go on, where an order is answered 402; nobody has a
 * trial here that could end. */
static const struct fail *
stop_free_trial(struct cgi *c)
{
	json_add_text(cgi_answer(c, 200), "message", "ok");
	return NULL;
}

static const struct route routes[] = {
    {"GET",  "/v1/users/self",            AUTH_USER, self           },
    {"POST", "/v1/users/stop_free_trial", AUTH_USER, stop_free_trial},
};

int
main(void)
{
	return cgi_serve(routes, sizeof(routes) / sizeof(routes[0]));
}
