#include "finding.h"

void
finding_fault(struct findings *n, const char *where, const char *what,
    const char *remedy)
{
	const char *done = n->repair ? remedy : NULL;

	n->count++;
	n->left += done == NULL;
	n->note(n->arg, where, what, done);
}

void
finding_harmless(struct findings *n, const char *where, const char *what,
    const char *why)
{
	n->count++;
	n->note(n->arg, where, what, why);
}
