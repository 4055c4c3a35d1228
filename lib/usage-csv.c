#include "json.h"
#include "mem.h"
#include "usage.h"

#include <string.h>

/* A field of CSV; what a spreadsheet would take for a formula is none. */
static void
add_field(struct mem_text *t, const char *text)
{
	mem_puts(t, t->len > 0 && t->text[t->len - 1] != '\n' ? ",\"" : "\"");
	if (text != NULL && *text != '\0' && strchr("=+-@\t\r", *text) != NULL)
		mem_puts(t, "'");
	for (; text != NULL && *text != '\0'; text++)
		mem_addf(t, *text == '"' ? "\"%c" : "%c", *text);
	mem_puts(t, "\"");
}

const char *
usage_csv(const cJSON *bill)
{
	static const struct {
		const char *name;
		enum { OF_BILL, OF_ADDON, OF_LINE } of;
	} columns[] = {
	    {"month",          OF_BILL },
	    {"app_name",       OF_BILL },
	    {"addon_id",       OF_ADDON},
	    {"addon_provider", OF_ADDON},
	    {"plan",           OF_LINE },
	    {"kind",           OF_LINE },
	    {"unit",           OF_LINE },
	    {"from",           OF_LINE },
	    {"to",             OF_LINE },
	    {"quantity",       OF_LINE },
	    {"included",       OF_LINE },
	    {"price",          OF_LINE },
	    {"cost",           OF_LINE },
	    {"currency",       OF_ADDON},
	};
	const cJSON *from[3] = {bill, NULL, NULL}, *addon, *line;
	size_t i, n = sizeof(columns) / sizeof(columns[0]);
	struct mem_text t = {0};

	for (i = 0; i < n; i++)
		add_field(&t, columns[i].name);
	mem_puts(&t, "\r\n");
	cJSON_ArrayForEach(addon, json_get(bill, "addons")) {
		from[OF_ADDON] = addon;
		cJSON_ArrayForEach(line, json_get(addon, "lines")) {
			from[OF_LINE] = line;
			for (i = 0; i < n; i++)
				add_field(&t, json_text(from[columns[i].of],
				                  columns[i].name));
			mem_puts(&t, "\r\n");
		}
	}
	return t.text;
}
