#ifndef SUTLER_SUTLER_H
#define SUTLER_SUTLER_H

#include <stdbool.h>

#include "conf.h"
#include "event.h"
#include "json.h"

/*
 * The operator's command: a table of commands, each with its own usage.
 * Exit status 0; 1: refused or failed, with the reason on stderr; 2: usage.
 */
enum { SUTLER_OPTIONS = 8 };

/* An option's words, "--slug" and its value, or "--test" alone. */
struct call;

struct option {
	const char *name;
	bool takes_value;
};

struct command {
	const char *words;  /* "account add" */
	const char *usage;  /* "NAME EMAIL [--paying]" */
	const char *does;   /* one line */
	int min, max;       /* how many arguments */
	bool without_store; /* opens what it needs itself */
	const struct fail *(*run)(const struct call *);
	struct option options[SUTLER_OPTIONS];
};

/* One call of a command. */
struct call {
	struct act act;
	char **argv; /* the arguments, options taken out */
	int argc;
	bool json;
	const char *conf_file; /* --conf, or NULL */
	const struct option *options;
	const char *values[SUTLER_OPTIONS]; /* of the options given */
};

/* The configuration that the call names. */
const struct fail *call_conf(struct conf **out, const struct call *c);

/* The value of option name ("" for one that takes none), or NULL. */
const char *call_option(const struct call *c, const char *name);

/* Print a row, its members apart by tabs, some in colour on a terminal, or
 * (--json) as a member of an array that call_done() ends. */
void call_row(const struct call *c, cJSON *row);
void call_done(const struct call *c);

/* Who shows on stderr how far long work has come; NULL: nobody watches. */
store_tell *call_watcher(void);

extern const struct command account_commands[], manifest_commands[],
    provider_commands[], app_commands[], history_commands[],
    proposal_commands[], doctor_commands[], addon_commands[], work_commands[],
    test_commands[], transcript_commands[], secret_commands[],
    unseal_commands[], cluster_commands[];

#endif
