#include "secret.h"
#include "conf.h"
#include "fail.h"
#include "hash.h"
#include "mem.h"
#include "secret-memory.h"
#include "secret-row.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NOT_OPENED = -2 };

/* One process works on one data directory. */
static struct {
	const struct conf *conf;
	struct secret_keys masters;
	bool read; /* the key file has been */
	int fd;    /* of the rows, -1: there are none */
	bool blind;
	bool begun, anew;
	const struct fail *trouble;
	/* rows that are promised and not written: number first and so on */
	uint64_t first;
	unsigned char (*pending)[SEAL_KEY];
	size_t count, room;
	struct secret_counts counts;
} here = {.fd = NOT_OPENED};

void
secret_use(const struct conf *conf)
{
	if (here.fd >= 0)
		close(here.fd);
	here.fd = NOT_OPENED;
	here.read = false;
	here.conf = conf;
	secret_end();
}

void
secret_blind(bool blind)
{
	here.blind = blind;
}

const struct secret_counts *
secret_counted(void)
{
	return &here.counts;
}

const struct fail *
secret_trouble(void)
{
	return here.trouble;
}

bool
secret_is_sealed(const char *text)
{
	return strncmp(text, SEAL_PREFIX, strlen(SEAL_PREFIX)) == 0;
}

size_t
secret_clear_size(const char *text, size_t len)
{
	const char *p = text, *end;
	size_t coded;

	while (p != NULL && (p = strstr(p, "\"" SEAL_PREFIX)) != NULL) {
		end = strchr(p + 1, '"');
		if (end == NULL)
			break;
		for (coded = 0; end[-1 - (ptrdiff_t)coded] != ':'; coded++)
			;
		len -= (size_t)(end - p - 1) - seal_clear_size(coded);
		p = end + 1;
	}
	return len;
}

static bool
is_escaped(const char *text)
{
	return strncmp(text, SECRET_CLEAR, strlen(SECRET_CLEAR)) == 0;
}

static const struct fail *
need_keys(void)
{
	const struct fail *f = NULL;

	if (here.conf == NULL || here.conf->secrets_key == NULL)
		return fail(FAIL_SYSTEM, "no configuration names a key file");
	if (!here.read)
		f = secret_key_read(&here.masters, here.conf);
	here.read = f == NULL;
	return f;
}

static const struct fail *
read_row(unsigned char key[SEAL_KEY], enum secret_row_state *state,
    uint64_t number)
{
	const struct fail *f = need_keys();

	if (f == NULL && here.fd < 0)
		f = secret_row_open(&here.fd, here.conf);
	if (f != NULL)
		return f;
	f = secret_row_read(key, state, here.fd, &here.masters, number);
	/* the keys may have been changed since we read them */
	if (f == NULL && *state == SECRET_ROW_UNKNOWN) {
		here.read = false;
		f = need_keys();
		if (f == NULL)
			f = secret_row_read(key, state, here.fd, &here.masters,
			    number);
	}
	return f;
}

/* The key of row number, written or not. */
static const struct fail *
find_key(unsigned char key[SEAL_KEY], enum secret_row_state *state,
    uint64_t number)
{
	if (here.count > 0 && number >= here.first &&
	    number - here.first < here.count) {
		memcpy(key, here.pending[number - here.first], SEAL_KEY);
		*state = SECRET_ROW_GOOD;
		return NULL;
	}
	return read_row(key, state, number);
}

static const struct fail *
unseal(struct secret *out, const char *whose, const char *name,
    const char *text)
{
	static const char *const words[] =
	    {[SECRET_ROW_GOOD] = "it is not of this record, or was changed",
	        [SECRET_ROW_UNKNOWN] = "its row, or the row's master key, is"
	                               " missing",
	        [SECRET_ROW_BROKEN] = "its row was changed"};
	enum secret_row_state state = SECRET_ROW_GOOD;
	unsigned char key[SEAL_KEY];
	const struct fail *f = NULL;
	uint64_t number = 0;
	bool good = false;

	if (whose != NULL && seal_number(&number, text))
		f = find_key(key, &state, number);
	else
		number = UINT64_MAX;
	if (f != NULL)
		return f;
	out->forgotten = state == SECRET_ROW_FORGOTTEN;
	if (out->forgotten) {
		out->clear = SECRET_FORGOTTEN;
		here.counts.forgotten++;
		return NULL;
	}
	if (state == SECRET_ROW_GOOD && number != UINT64_MAX)
		good = seal_open(&out->clear, &out->json, text, key, whose);
	explicit_bzero(key, sizeof(key));
	if (good) {
		here.counts.sealed++;
		return NULL;
	}
	here.counts.broken++;
	if (number == UINT64_MAX)
		return fail(FAIL_BUSY, "%s is not sealed as we do it", name);
	return fail(FAIL_BUSY,
	    "%s, sealed by row %" PRIu64 ", does not open: %s", name, number,
	    words[state]);
}

/* Is text such as the configuration wants it? */
static bool
is_wanted(const char *text)
{
	return here.conf == NULL || secret_is_sealed(text) == here.conf->sealed;
}

static void
remember(const char *whose, const char *name, const char *value, bool json,
    const char *text)
{
	if (here.begun && whose != NULL && (!here.anew || is_wanted(text)))
		secret_memory_add(whose, name, value, json, text);
}

void
secret_saw(const char *whose, const char *name, const char *json)
{
	if (here.blind)
		return;
	here.counts.clear++;
	if (json != NULL)
		remember(whose, name, json, true, json);
}

bool
secret_remembers(void)
{
	return here.begun;
}

const struct fail *
secret_open(struct secret *out, const char *whose, const char *name,
    const char *text)
{
	const struct fail *f = NULL;

	*out = (struct secret){.clear = text};
	if (here.blind)
		return NULL;
	if (secret_is_sealed(text)) {
		f = unseal(out, whose, name, text);
	} else {
		here.counts.clear++;
		if (is_escaped(text))
			out->clear = text + strlen(SECRET_CLEAR);
	}
	if (f == NULL && !out->forgotten)
		remember(whose, name, out->clear, out->json, text);
	return f;
}

/* A place for one key more behind those pending. */
static const struct fail *
need_room(void)
{
	size_t room = here.room == 0 ? 64 : here.room * 2;
	unsigned char(*bigger)[SEAL_KEY];

	if (here.count < here.room)
		return NULL;
	bigger = malloc(room * sizeof(*bigger));
	if (bigger == NULL)
		return fail_errno("cannot seal");
	if (here.count > 0) {
		memcpy(bigger, here.pending, here.count * sizeof(*bigger));
		explicit_bzero(here.pending, here.count * sizeof(*bigger));
	}
	free(here.pending);
	here.pending = bigger;
	here.room = room;
	return NULL;
}

/* The text of value by a new row; its number is ours: the lock is. */
static const struct fail *
seal_anew(const char **text, const char *whose, const char *value, bool json)
{
	const struct fail *f;

	if (!here.begun)
		return fail(FAIL_SYSTEM, "sealed without the writers' lock");
	f = need_keys();
	if (f == NULL && here.count == 0)
		f = secret_row_count(&here.first, here.conf);
	if (f == NULL)
		f = need_room();
	if (f != NULL)
		return f;
	hash_random(here.pending[here.count], SEAL_KEY);
	*text = seal_text(here.first + here.count, here.pending[here.count],
	    whose, value, json);
	here.count++;
	return NULL;
}

const char *
secret_seal(const char *whose, const char *name, const char *value, bool json)
{
	const char *text = NULL;

	if (whose != NULL)
		text = secret_memory_find(whose, name, value, json);
	if (text != NULL)
		return mem_copy(text);
	if (whose == NULL || here.conf == NULL || !here.conf->sealed) {
		if (json || (!is_escaped(value) && !secret_is_sealed(value)))
			return value;
		text = mem_printf("%s%s", SECRET_CLEAR, value);
	} else if (here.trouble == NULL) {
		here.trouble = seal_anew(&text, whose, value, json);
	}
	if (here.trouble != NULL)
		return "";
	remember(whose, name, value, json, text);
	return text;
}

void
secret_begin(bool anew)
{
	secret_end();
	here.begun = true;
	here.anew = anew;
}

void
secret_end(void)
{
	if (here.count > 0)
		explicit_bzero(here.pending,
		    here.count * sizeof(*here.pending));
	here.count = 0;
	here.begun = here.anew = false;
	here.trouble = NULL;
	secret_memory_clear();
}

const struct fail *
secret_promise(bool flush)
{
	const struct fail *f = here.trouble;

	if (f != NULL || here.count == 0)
		return f;
	/* another key may be the last one by now */
	here.read = false;
	f = need_keys();
	if (f == NULL)
		f = secret_row_append(here.conf, &here.masters, here.first,
		    (const unsigned char(*)[SEAL_KEY])here.pending, here.count,
		    flush);
	if (f != NULL)
		return f;
	explicit_bzero(here.pending, here.count * sizeof(*here.pending));
	here.count = 0;
	return NULL;
}
