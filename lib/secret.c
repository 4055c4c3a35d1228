#include "secret.h"

#include <stddef.h>

const char *
secret_seal(const char *clear)
{
	return clear;
}

const struct fail *
secret_open(const char **clear, const char *sealed)
{
	*clear = sealed;
	return NULL;
}
