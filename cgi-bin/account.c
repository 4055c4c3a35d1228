#include "cgi.h"

static const struct fail *
self(struct cgi *c)
{
	cJSON_AddItemToObject(cgi_answer(c, 200), "user",
	    account_view(c->account));
	c->revision = account_revision(c->account);
	return NULL;
}

static const struct route routes[] = {
    {"GET", "/v1/users/self", AUTH_USER, self},
};

int
main(void)
{
	return cgi_serve(routes, sizeof(routes) / sizeof(routes[0]));
}
