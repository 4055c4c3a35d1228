/*
 * Pages of a list, as Scalingo's API has them.
 */
#include "cgi.h"

enum { PAGE_LAST = 1 << 30 };

const struct fail *
cgi_page_read(struct cgi_page *out, const struct cgi *c, int64_t otherwise,
    int64_t max)
{
	const struct fail *f;

	f = cgi_query_number(&out->page, c, "page", 1, 1, PAGE_LAST);
	if (f == NULL)
		f = cgi_query_number(&out->per_page, c, "per_page", otherwise,
		    1, PAGE_LAST);
	if (f == NULL && out->per_page > max)
		out->per_page = max;
	return f;
}

size_t
cgi_page_skip(const struct cgi_page *page)
{
	uint64_t rows = (uint64_t)(page->page - 1) * (uint64_t)page->per_page;

	return rows > SIZE_MAX / 2 ? SIZE_MAX / 2 : (size_t)rows;
}

static void
add_number(cJSON *pagination, const char *key, int64_t page, bool there)
{
	if (there)
		cJSON_AddNumberToObject(pagination, key, (double)page);
	else
		cJSON_AddNullToObject(pagination, key);
}

void
cgi_page_add(cJSON *body, const struct cgi_page *page, uint64_t total)
{
	int64_t pages = ((int64_t)total + page->per_page - 1) / page->per_page;
	cJSON *p =
	    cJSON_AddObjectToObject(cJSON_AddObjectToObject(body, "meta"),
	        "pagination");

	cJSON_AddNumberToObject(p, "current_page", (double)page->page);
	/* documents say prev_page, the real one answers previous_page */
	add_number(p, "prev_page", page->page - 1, page->page > 1);
	add_number(p, "previous_page", page->page - 1, page->page > 1);
	add_number(p, "next_page", page->page + 1, page->page < pages);
	cJSON_AddNumberToObject(p, "total_pages", (double)pages);
	cJSON_AddNumberToObject(p, "total_count", (double)total);
	cJSON_AddNumberToObject(p, "per_page", (double)page->per_page);
}
