/*
 * sutler: the operator's command.  One table of commands per subject,
 * in sutler-*.c; what they share is here.
 */
#include "sutler.h"
#include "fail.h"
#include "fence.h"
#include "mem.h"
#include "owner.h"
#include "record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct command *const tables[] = {work_commands, account_commands,
    manifest_commands, provider_commands, test_commands, app_commands,
    history_commands, proposal_commands, doctor_commands, addon_commands,
    transcript_commands, secret_commands, unseal_commands, cluster_commands};

enum { TABLES = sizeof(tables) / sizeof(tables[0]) };

static void
print_usage(FILE *out, const char *group)
{
	const struct command *c;
	size_t i;

	fprintf(out, "usage: sutler [--conf FILE] COMMAND [--json] …\n\n");
	for (i = 0; i < TABLES; i++)
		for (c = tables[i]; c->words != NULL; c++)
			if (group == NULL ||
			    strncmp(c->words, group, strlen(group)) == 0)
				fprintf(out, "  sutler %s%s%s\n        %s\n",
				    c->words, c->usage[0] == '\0' ? "" : " ",
				    c->usage, c->does);
	fprintf(out,
	    "\nThe configuration is $SUTLER_CONF, or %s.\n"
	    "Exit status: 0, 1 refused or failed, 2 usage.\n",
	    SUTLER_CONF_PATH);
}

static int
usage_error(const struct command *c, const char *problem, const char *word)
{
	fprintf(stderr, "sutler: %s%s%s\n", problem, word[0] == '\0' ? "" : " ",
	    word);
	if (c != NULL)
		fprintf(stderr, "usage: sutler %s %s\n", c->words, c->usage);
	else
		fprintf(stderr, "sutler --help lists the commands\n");
	return 2;
}

/* How many of argv's words are c's; 0: not this command. */
static int
matches(const struct command *c, int argc, char **argv)
{
	const char *space = strchr(c->words, ' ');
	size_t first =
	    space == NULL ? strlen(c->words) : (size_t)(space - c->words);

	if (argc < 1 || strlen(argv[0]) != first ||
	    strncmp(argv[0], c->words, first) != 0)
		return 0;
	if (space == NULL)
		return 1;
	return argc >= 2 && strcmp(argv[1], space + 1) == 0 ? 2 : 0;
}

static const struct command *
find(int *words, int argc, char **argv)
{
	const struct command *c;
	size_t i;

	for (i = 0; i < TABLES; i++)
		for (c = tables[i]; c->words != NULL; c++) {
			*words = matches(c, argc, argv);
			if (*words > 0)
				return c;
		}
	return NULL;
}

const char *
call_option(const struct call *c, const char *name)
{
	int i;

	for (i = 0; i < SUTLER_OPTIONS && c->options[i].name != NULL; i++)
		if (strcmp(c->options[i].name, name) == 0)
			return c->values[i];
	return NULL;
}

/* Sort the words behind the command into options and arguments. */
static int
read_words(struct call *call, const struct command *c, int argc, char **argv)
{
	bool only_arguments = false;
	int i, o;

	call->options = c->options;
	call->argv = mem_alloc((size_t)(argc + 1) * sizeof(char *));
	for (i = 0; i < argc; i++) {
		if (only_arguments || argv[i][0] != '-' || argv[i][1] == '\0') {
			call->argv[call->argc++] = argv[i];
			continue;
		}
		if (strcmp(argv[i], "--") == 0) {
			only_arguments = true;
			continue;
		}
		if (strcmp(argv[i], "--json") == 0) {
			call->json = true;
			continue;
		}
		if (strcmp(argv[i], "--help") == 0) {
			printf("usage: sutler %s %s\n%s\n", c->words, c->usage,
			    c->does);
			exit(0);
		}
		for (o = 0; o < SUTLER_OPTIONS; o++)
			if (c->options[o].name != NULL &&
			    strcmp(c->options[o].name, argv[i]) == 0)
				break;
		if (o == SUTLER_OPTIONS)
			return usage_error(c, "unknown option", argv[i]);
		if (c->options[o].takes_value && i + 1 == argc)
			return usage_error(c, "no value for", argv[i]);
		call->values[o] = c->options[o].takes_value ? argv[++i] : "";
	}
	if (call->argc < c->min)
		return usage_error(c, "too few arguments", "");
	if (call->argc > c->max)
		return usage_error(c,
		    "too many arguments:", call->argv[c->max]);
	return 0;
}

static int
report(const struct fail *f)
{
	const struct fail_item *item;

	if (f == NULL)
		return fflush(stdout) == 0 ? 0 : 1;
	fflush(stdout);
	if (f->items == NULL)
		fprintf(stderr, "sutler: %s%s%s\n",
		    f->code == FAIL_MISSING ? f->what : "",
		    f->code == FAIL_MISSING ? " " : "", f->text);
	for (item = f->items; item != NULL; item = item->next)
		fprintf(stderr, "sutler: %s: %s\n", item->field, item->text);
	return f->code == FAIL_SYNTAX ? 2 : 1;
}

const struct fail *
call_conf(struct conf **out, const struct call *c)
{
	return c->conf_file == NULL ? conf_read(out)
	                            : conf_read_file(out, c->conf_file);
}

static int
run(struct call *call, const struct command *c)
{
	const struct fail *f = NULL;
	struct conf *conf = NULL;

	if (!c->without_store) {
		f = call_conf(&conf, call);
		call->act.conf = conf;
		if (f == NULL)
			f = owner_become(conf->data);
		if (f == NULL)
			f = record_store(&call->act.store, conf);
	}
	if (f == NULL)
		f = c->run(call);
	return report(f);
}

int
main(int argc, char **argv)
{
	struct call call = {0};
	const struct command *c;
	int words, status;

	fence_memory();
	argc--, argv++;
	if (argc >= 2 && strcmp(argv[0], "--conf") == 0) {
		call.conf_file = argv[1];
		argc -= 2, argv += 2;
	}
	if (argc == 0 || strcmp(argv[0], "--help") == 0 ||
	    strcmp(argv[0], "help") == 0) {
		print_usage(argc == 0 ? stderr : stdout, NULL);
		return argc == 0 ? 2 : 0;
	}
	c = find(&words, argc, argv);
	if (c == NULL)
		return usage_error(NULL, "no such command:",
		    argc > 1 ? mem_printf("%s %s", argv[0], argv[1]) : argv[0]);
	status = read_words(&call, c, argc - words, argv + words);
	return status != 0 ? status : run(&call, c);
}

enum { BAR = 30 };

static void
show(const char *what, size_t done, size_t all)
{
	size_t part = all == 0 ? 0 : done >= all ? BAR : done * BAR / all;

	if (all == 0) {
		fprintf(stderr, "\r%zu %s ", done, what);
		return;
	}
	fprintf(stderr, "\r[");
	for (size_t i = 0; i < BAR; i++)
		fputc(i < part ? '#' : '.', stderr);
	fprintf(stderr, "] %zu of %zu %s ", done, all, what);
}

store_tell *
call_watcher(void)
{
	return isatty(STDERR_FILENO) ? show : NULL;
}

/* The colour of a member's text on a terminal, or NULL. */
static const char *
colour_of(const cJSON *member)
{
	static const struct {
		const char *key, *text, *colour; /* text NULL: any */
	} colours[] = {
	    {"commit", NULL,        "33"},
	    {"change", "added",     "32"},
	    {"change", "changed",   "36"},
	    {"change", "removed",   "31"},
	    {"state",  "restored",  "32"},
	    {"state",  "stale",     "31"},
	    {"state",  "provider",  "33"},
	    {"state",  "taken",     "33"},
	    {"state",  "forgotten", "31"},
	    {"state",  "ok",        "32"},
	    {"state",  "warning",   "33"},
	    {"state",  "fault",     "31"},
	};
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
	size_t i;

	if (!isatty(STDOUT_FILENO) || (no != NULL && no[0] != '\0') ||
	    term == NULL || strcmp(term, "dumb") == 0)
		return NULL;
	for (i = 0; i < sizeof(colours) / sizeof(colours[0]); i++)
		if (strcmp(colours[i].key, member->string) == 0 &&
		    (colours[i].text == NULL ||
		        (cJSON_IsString(member) &&
		            strcmp(colours[i].text, member->valuestring) == 0)))
			return colours[i].colour;
	return NULL;
}

/* Rows are printed as they come: there may be more than memory holds. */
static bool begun;

void
call_row(const struct call *c, cJSON *row)
{
	const char *text, *colour;
	const cJSON *member;

	if (c->json) {
		text = json_print(row, true);
		printf("%s%.*s", begun ? ", " : "[", (int)strlen(text) - 1,
		    text);
		begun = true;
		return;
	}
	cJSON_ArrayForEach(member, row) {
		colour = colour_of(member);
		if (colour == NULL)
			fputs(json_plain(member), stdout);
		else
			printf("\033[%sm%s\033[0m", colour, json_plain(member));
		putchar(member->next == NULL ? '\n' : '\t');
	}
}

void
call_done(const struct call *c)
{
	if (c->json)
		puts(begun ? "]" : "[]");
}
