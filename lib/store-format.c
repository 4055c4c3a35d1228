#include "store-format.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "mem.h"

enum { TEXT_MAX = 256 };

static const char path[] = "store.json";

/* What it says where all is of our format, as json_print() lays it out. */
static const char usual[] = "{\n\t\"format\":\t2\n}\n";

_Static_assert(STORE_FORMAT == 2, "usual says another");

/* The whole number that is member key, or otherwise where there is none; 0:
 * it is none. */
static int
number(const cJSON *json, const char *key, int otherwise)
{
	const cJSON *item = json_get(json, key);

	if (item == NULL)
		return otherwise;
	return cJSON_IsNumber(item) && item->valuedouble >= 1 &&
	               item->valuedouble == (double)item->valueint
	           ? item->valueint
	           : 0;
}

const struct fail *
store_format_parse(struct store_format *out, const char *text, size_t len)
{
	cJSON *json = NULL;

	if (json_parse(&json, text, len) == NULL) {
		out->format = number(json, "format", 0);
		out->from = number(json, "from", out->format);
	}
	if (json == NULL || out->from < 1 || out->format < out->from)
		return fail(FAIL_BUSY,
		    "%s says no format: git -C DATA/store show HEAD:%s has it",
		    path, path);
	if (out->format > STORE_FORMAT)
		return fail(FAIL_BUSY,
		    "the store is of format %d, and this is a sutler that "
		    "knows no later one than %d: install the one that wrote it",
		    out->format, STORE_FORMAT);
	return NULL;
}

/* Every request reads it: so as few calls as can be, and no parsing of what is
 * as expected. */
const struct fail *
store_format_read(struct store_format *out, const char *root)
{
	const char *file = mem_printf("%s/%s", root, path);
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char text[TEXT_MAX];
	ssize_t n;

	*out = (struct store_format){1, 1};
	if (fd == -1 && errno == ENOENT)
		return NULL;
	if (fd == -1)
		return fail_errno("cannot open %s", file);
	n = read(fd, text, sizeof(text));
	close(fd);
	if (n == -1)
		return fail_errno("cannot read %s", file);
	if ((size_t)n != strlen(usual) || memcmp(text, usual, (size_t)n) != 0)
		return store_format_parse(out, text, (size_t)n);
	*out = (struct store_format){STORE_FORMAT, STORE_FORMAT};
	return NULL;
}

static cJSON *
json_of(const struct store_format *format)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddNumberToObject(json, "format", format->format);
	if (format->from != format->format)
		cJSON_AddNumberToObject(json, "from", format->from);
	return json;
}

const char *
store_format_text(void)
{
	return usual;
}

void
store_format_put(struct store *s, const struct store_format *format)
{
	store_put(s, path, json_of(format));
}
