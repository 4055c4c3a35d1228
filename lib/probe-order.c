/*
 * Orders that a probe gives to the provider, and what they leave there.
 */
#include "probe-inside.h"
#include "client.h"
#include "clock.h"
#include "mem.h"

#include <string.h>

static const char *const guises[] = {
    [GUISE_RIGHT] = "the manifest's credentials",
    [GUISE_MISSING] = "no credentials",
    [GUISE_PASSWORD] = "a wrong password",
    [GUISE_USER] = "a wrong user",
};

const cJSON *
probe_plan_options(const struct provider *p, const char *name)
{
	const struct plan *plan = p->plans;

	while (plan != NULL && strcmp(plan->name, name) != 0)
		plan = plan->next;
	return plan == NULL ? NULL : plan->options;
}

bool
probe_tells(const struct order *order, const char *text)
{
	struct exchange x;

	order->provider->dialect->ask(&x, order);
	return strstr(x.url, text) != NULL ||
	       (x.body != NULL && strstr(x.body, text) != NULL);
}

static void
disguise(struct exchange *x, enum probe_guise guise)
{
	switch (guise) {
	case GUISE_MISSING:
		x->user = x->password = NULL;
		break;
	case GUISE_PASSWORD:
		x->password = mem_printf("%s" PROBE_TAIL, x->password);
		break;
	case GUISE_USER:
		x->user = mem_printf("%s" PROBE_TAIL, x->user);
		break;
	case GUISE_RIGHT:
		break;
	}
}

struct probe_call *
probe_send(struct probe *p, struct exchange x)
{
	struct probe_call *c = mem_alloc(sizeof(*c));
	int64_t began = clock_now();

	c->x = x;
	client_send(&c->x, p->with.conf, p->with.timeout);
	c->ms = (long)(clock_now() - began);
	c->late = c->x.status == 0 && c->ms >= p->with.timeout * 1000;
	c->next = p->all;
	p->all = c;
	return c;
}

/* Note what an answer to a provision has, or may have, made. */
static void
note_made(struct probe *p, const struct order *order,
    const struct probe_call *c)
{
	const char *id = c->outcome.resource == NULL
	                     ? NULL
	                     : json_plain(c->outcome.resource);
	struct probe_made *m = p->made;

	if (id == NULL && !c->outcome.unsure &&
	    (c->x.status < 200 || c->x.status > 299))
		return;
	for (; m != NULL; m = m->next)
		if (strcmp(m->uuid, order->uuid) == 0 &&
		    (id == NULL || m->resource == NULL ||
		        strcmp(m->resource, id) == 0))
			break;
	if (m == NULL) {
		m = mem_alloc(sizeof(*m));
		m->uuid = order->uuid;
		m->next = p->made;
		p->made = m;
	}
	if (id != NULL)
		m->resource = id;
}

static void
note_removed(struct probe *p, const char *uuid, const char *resource)
{
	struct probe_made **m = &p->made;

	while (*m != NULL)
		if (strcmp((*m)->uuid, uuid) == 0 &&
		    ((*m)->resource == NULL || resource == NULL ||
		        strcmp((*m)->resource, resource) == 0))
			*m = (*m)->next;
		else
			m = &(*m)->next;
}

struct probe_call *
probe_order(struct probe *p, const struct order *order, enum probe_guise guise)
{
	const struct dialect *d = p->with.provider->dialect;
	struct probe_call *c;
	struct exchange x;

	d->ask(&x, order);
	disguise(&x, guise);
	c = probe_send(p, x);
	c->guise = guises[guise];
	d->hear(&c->outcome, order, &c->x);
	if (order->kind == ORDER_PROVISION)
		note_made(p, order, c);
	if (order->kind == ORDER_REMOVE && guise == GUISE_RIGHT &&
	    (c->outcome.kind == OUTCOME_DONE ||
	        c->outcome.kind == OUTCOME_PENDING))
		note_removed(p, order->uuid, order->resource);
	probe_hide(p, probe_config(p, c));
	return c;
}

/* Asks once more to learn an id that never became known, as tick does. */
static void
remove_made(struct probe *p, const struct probe_made *made)
{
	struct order order = p->order;

	order.uuid = made->uuid;
	order.addon_id = mem_printf("ad-%s", made->uuid);
	order.plan = p->with.plan;
	order.plan_options = probe_plan_options(p->with.provider, order.plan);
	order.resource = made->resource;
	if (made->resource == NULL && probe_tells(&order, order.uuid)) {
		order.kind = ORDER_PROVISION;
		probe_order(p, &order, GUISE_RIGHT);
		order.resource = made->resource;
	}
	order.kind = ORDER_REMOVE;
	probe_order(p, &order, GUISE_RIGHT);
}

const char *
probe_end(struct probe *p)
{
	const struct probe_made *made, *next;
	struct mem_text left = {0};

	if (p->with.provider == NULL)
		return NULL;
	for (made = p->made; made != NULL; made = next) {
		next = made->next;
		remove_made(p, made);
	}
	for (made = p->made; made != NULL; made = made->next)
		mem_addf(&left, "%s%s", left.len == 0 ? "" : ", ",
		    made->resource == NULL ? made->uuid : made->resource);
	probe_desk_close(&p->desk);
	return left.text;
}
