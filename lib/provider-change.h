#ifndef SUTLER_PROVIDER_CHANGE_H
#define SUTLER_PROVIDER_CHANGE_H

#include "provider.h"

/* Whom a change of a provider's record concerns, of those who have it
 * installed. */
enum provider_concern {
	CONCERNS_NOBODY,
	CONCERNS_ALL,
	CONCERNS_PLAN,    /* those with the plan */
	CONCERNS_VARIABLE /* those on whom the variable is set */
};

/* One thing that is another between two states of a provider. */
struct provider_change {
	struct provider_change *next;
	const char *what;   /* "manifest", "plan", "variable" */
	const char *name;   /* JSON path; name of the plan or variable */
	const char *field;  /* of a plan: "price", …; else NULL */
	const char *before; /* as text, secrets masked; NULL: not there */
	const char *after;  /* the same */
	enum provider_concern concern;
};

/* What is different in after, in the order: manifest, plans, variables; NULL:
 * nothing.  Both have been read. */
struct provider_change *provider_changes(const struct provider *before,
    const struct provider *after);

#endif
