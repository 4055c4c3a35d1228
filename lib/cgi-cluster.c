/*
 * What a request has to do with the other members of a cluster.
 */
#include "cgi.h"

#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "cluster.h"
#include "conf.h"
#include "mem.h"

bool
cgi_consistent(const struct cgi *c)
{
	const char *text;

	if (c->act.conf->cluster == NULL)
		return false;
	text = cgi_query(c, "consistent");
	return c->act.conf->consistent_reads ||
	       (text != NULL && strcmp(text, "true") == 0);
}

const struct fail *
cgi_catch_up(struct cgi *c)
{
	const struct fail *f = NULL;
	size_t taken;
	long age;

	if (c->act.conf->cluster == NULL)
		return NULL;
	if (strcmp(c->method, "GET") == 0 || strcmp(c->method, "HEAD") == 0) {
		if (cgi_consistent(c))
			f = store_catch_up(&taken, c->act.store);
		age = cluster_age(c->act.conf);
		if (age >= 0)
			cgi_header(c, "X-Data-Age", mem_printf("%ld", age));
	}
	return f;
}

/* Was a change refused for what the records say? */
static bool
is_refused(const struct cgi *c, const struct fail *f)
{
	return f != NULL && strcmp(c->method, "GET") != 0 &&
	       strcmp(c->method, "HEAD") != 0 &&
	       (f->code == FAIL_MISSING || f->code == FAIL_CONFLICT ||
	           f->code == FAIL_STALE || f->code == FAIL_INVALID ||
	           f->code == FAIL_FORBIDDEN || f->code == FAIL_PAYMENT);
}

const struct fail *
cgi_handle(struct cgi *c, const struct route *row)
{
	const struct cgi fresh = *c;
	const struct fail *f, *why;
	bool looked = false, again;
	int races = 0;

	if (c->act.conf->cluster == NULL)
		return row->handler(c);
	do {
		*c = fresh;
		c->body = cJSON_Duplicate(fresh.body, true);
		f = row->handler(c);
		if (client_spoke() || c->trace.commit[0] != '\0')
			return f;
		again = store_raced(&races, f);
		if (!looked && is_refused(c, f)) {
			looked = true;
			why = store_be_certain(c->act.store);
			if (why != NULL)
				return why;
			/* even where nothing has changed: another process
			 * may have, behind the handler's back */
			again = true;
		}
	} while (again);
	return f;
}
