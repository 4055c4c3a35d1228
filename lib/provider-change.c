/*
 * What a new manifest changes, for people to read before it does.
 */
#include "provider-change.h"
#include "mem.h"

#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

struct list {
	struct provider_change *first, **tail;
	const struct provider *before, *after;
};

static void
add(struct list *list, struct provider_change change)
{
	struct provider_change *c = mem_alloc(sizeof(*c));

	*c = change;
	*list->tail = c;
	list->tail = &c->next;
}

static const char *
tail_of(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot == NULL ? path : dot + 1;
}

static bool
is_one_of(const char *word, const char *const *words, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (strcmp(words[i], word) == 0)
			return true;
	return false;
}

static bool
is_secret(const char *path)
{
	static const char *const words[] = {"password", "sso_salt"};

	return is_one_of(tail_of(path), words, COUNT(words));
}

/* What calls are made with: URLs of the place in use, and who we are. */
static enum provider_concern
concern_of(const struct list *list, const char *path)
{
	static const char *const words[] = {"id", "username", "password",
	    "sso_salt", "version"};
	const char *place = list->after->test ? "test" : "production";
	const char *top = strncmp(path, "api.", 4) == 0 ? path + 4 : path;
	size_t len = strlen(place);

	if (strncmp(top, place, len) == 0 &&
	    (top[len] == '\0' || top[len] == '.'))
		return CONCERNS_ALL;
	return is_one_of(top, words, COUNT(words)) ? CONCERNS_ALL
	                                           : CONCERNS_NOBODY;
}

static const char *
shown(const char *path, const cJSON *item)
{
	if (item == NULL)
		return NULL;
	return is_secret(path) ? "(secret)" : json_print(item, false);
}

/* Plans and variables are told one by one. */
static bool
is_told_apart(const char *path)
{
	return strcmp(path, "plans") == 0 ||
	       strcmp(tail_of(path), "config_vars") == 0;
}

static void compare_objects(struct list *list, const char *prefix,
    const cJSON *before, const cJSON *after);

static void
compare(struct list *list, const char *path, const cJSON *before,
    const cJSON *after)
{
	if (is_told_apart(path) || cJSON_Compare(before, after, true))
		return;
	if (cJSON_IsObject(before) && cJSON_IsObject(after))
		compare_objects(list, mem_printf("%s.", path), before, after);
	else
		add(list, (struct provider_change){.what = "manifest",
		              .name = path,
		              .before = shown(path, before),
		              .after = shown(path, after),
		              .concern = concern_of(list, path)});
}

static void
compare_objects(struct list *list, const char *prefix, const cJSON *before,
    const cJSON *after)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, before)
		compare(list, mem_printf("%s%s", prefix, item->string), item,
		    json_get(after, item->string));
	cJSON_ArrayForEach(item, after)
		if (json_get(before, item->string) == NULL)
			compare(list, mem_printf("%s%s", prefix, item->string),
			    NULL, item);
}

static const char *
number(double value)
{
	return json_print(cJSON_CreateNumber(value), false);
}

static const char *
text_of(const cJSON *item)
{
	return item == NULL ? NULL : json_print(item, false);
}

static void
compare_plan(struct list *list, const struct plan *old, const struct plan *new)
{
	static const char *const sold[] = {"yes", "no"};
	const struct {
		const char *field, *before, *after;
	} fields[] = {
	    {"sold",         sold[old->disabled],   sold[new->disabled]  },
	    {"alternative",  old->alternative,      new->alternative     },
	    {"price",        number(old->price),    number(new->price)   },
	    {"display_name", old->display_name,     new->display_name    },
	    {"description",  old->description,      new->description     },
	    {"options",      text_of(old->options), text_of(new->options)},
	    {"units",        text_of(old->units),   text_of(new->units)  },
	};
	const char *before, *after;
	size_t i;

	for (i = 0; i < COUNT(fields); i++) {
		before = fields[i].before;
		after = fields[i].after;
		if (before == after || (before != NULL && after != NULL &&
		                           strcmp(before, after) == 0))
			continue;
		add(list, (struct provider_change){.what = "plan",
		              .name = new->name,
		              .field = fields[i].field,
		              .before = before,
		              .after = after,
		              .concern = CONCERNS_PLAN});
	}
}

static void
compare_plans(struct list *list)
{
	const struct plan *new, *old;

	for (new = list->after->plans; new != NULL; new = new->next) {
		for (old = list->before->plans; old != NULL; old = old->next)
			if (strcmp(old->id, new->id) == 0)
				break;
		if (old != NULL)
			compare_plan(list, old, new);
		else
			add(list, (struct provider_change){.what = "plan",
			              .name = new->name,
			              .after = mem_printf("added, price %s",
			                  number(new->price))});
	}
}

/* Those that one declares and the other does not. */
static void
compare_names(struct list *list, const struct provider *one,
    const struct provider *other)
{
	bool gone = one == list->before;
	const cJSON *name;

	cJSON_ArrayForEach(name, one->config_vars)
		if (cJSON_IsString(name) &&
		    !provider_declares(other, name->valuestring))
			add(list, (struct provider_change){.what = "variable",
			              .name = name->valuestring,
			              .before = gone ? "declared" : NULL,
			              .after = gone ? NULL : "declared",
			              .concern = gone ? CONCERNS_VARIABLE
			                              : CONCERNS_NOBODY});
}

struct provider_change *
provider_changes(const struct provider *before, const struct provider *after)
{
	struct list list = {.before = before, .after = after};

	list.tail = &list.first;
	compare_objects(&list, "", before->manifest, after->manifest);
	compare_plans(&list);
	compare_names(&list, before, after);
	compare_names(&list, after, before);
	return list.first;
}
