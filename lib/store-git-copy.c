/*
 * Several packs copied into one, as they stand, each object once.  Deltas stay
 * what they are; only where their base stands is written anew.  (Format: git's
 * Documentation/gitformat-pack.)
 */
#include "fail.h"
#include "file.h"
#include "hash.h"
#include "mem.h"
#include "store-git-inside.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

enum {
	RAW = HASH_SHA1_SIZE,
	PACK_HEAD = 12,
	IDX_HEAD = 8,
	IDX_IDS = IDX_HEAD + 256 * 4, /* where the ids begin */
	IDX_ROW = RAW + 4 + 4,        /* of one object: id, CRC, offset */
	IDX_TAIL = RAW * 2,
	OFS_DELTA = 6,
	REF_DELTA = 7,
	HEADER_MAX = 10 + RAW
};

static const unsigned char pack_magic[] = {'P', 'A', 'C', 'K', 0, 0, 0, 2};
static const unsigned char idx_magic[] = {0xff, 't', 'O', 'c', 0, 0, 0, 2};

static uint32_t
get32(const void *bytes)
{
	const unsigned char *p = bytes;

	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

static void
put32(void *out, uint32_t value)
{
	unsigned char *p = out;
	int i;

	for (i = 3; i >= 0; i--, value >>= 8)
		p[i] = (unsigned char)value;
}

/* A file in the making; its last bytes are the SHA-1 of all others.  It is
 * written in small pieces: the kernel keeps what comes in a large one in large
 * ones, and who maps the file later has all of those resident. */
struct sink {
	FILE *file;
	const char *name;
	struct hash_sha1 *sha1;
	uint32_t at; /* bytes written */
};

static const struct fail *
sink_open(struct sink *to, const char *name)
{
	/* read-only, like git's */
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);

	*to = (struct sink){fd < 0 ? NULL : fdopen(fd, "w"), name,
	    hash_sha1_begin(), 0};
	return to->file == NULL ? fail_errno("cannot make %s", name) : NULL;
}

static void
sink_write(struct sink *to, const void *bytes, size_t len)
{
	/* an error is seen in the end */
	fwrite(bytes, 1, len, to->file);
	hash_sha1_add(to->sha1, bytes, len);
	to->at += (uint32_t)len;
}

static void
sink_write32(struct sink *to, uint32_t value)
{
	unsigned char bytes[4];

	put32(bytes, value);
	sink_write(to, bytes, sizeof(bytes));
}

/* Write the sum, flush, close; sum is the SHA-1. */
static const struct fail *
sink_close(unsigned char sum[RAW], struct sink *to)
{
	bool bad;

	hash_sha1_end(sum, to->sha1);
	fwrite(sum, 1, RAW, to->file);
	bad = ferror(to->file) != 0 || fflush(to->file) != 0 ||
	      fsync(fileno(to->file)) != 0;
	if (fclose(to->file) != 0 || bad)
		return fail_errno("cannot write %s", to->name);
	return NULL;
}

/* The pack that comes into being. */
struct object {
	unsigned char id[RAW];
	uint32_t crc, offset; /* offset: 0 where it is not written yet */
};

struct output {
	struct sink pack;
	struct object *objects;
	uint32_t count;
	uint32_t *slots; /* a hash table: an object's number + 1, 0 for none */
	uint32_t mask;
	unsigned char sum[RAW]; /* of the pack */
};

/* The slot that has id, or the empty one where it belongs. */
static uint32_t *
slot_of(const struct output *out, const unsigned char *id)
{
	uint32_t i = get32(id) & out->mask;

	while (out->slots[i] != 0 &&
	       memcmp(out->objects[out->slots[i] - 1].id, id, RAW) != 0)
		i = (i + 1) & out->mask;
	return &out->slots[i];
}

/* A pack that is read: its bytes, and its objects in the order in which they
 * stand. */
struct place {
	uint32_t offset, row; /* row: in the idx */
};

struct input {
	const char *name;
	const unsigned char *pack, *idx;
	struct place *places;
	uint32_t count, end; /* end: where the objects do */
};

static const struct fail *
damaged(const struct input *in)
{
	return fail(FAIL_SYSTEM, "%s.pack is damaged: see git fsck", in->name);
}

static int
compare_places(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static const unsigned char *
row_id(const struct input *in, uint32_t row)
{
	return in->idx + IDX_IDS + (size_t)row * RAW;
}

static uint32_t
row_crc(const struct input *in, uint32_t row)
{
	return get32(
	    in->idx + IDX_IDS + (size_t)in->count * RAW + (size_t)row * 4);
}

static uint32_t
row_offset(const struct input *in, uint32_t row)
{
	return get32(in->idx + IDX_IDS + (size_t)in->count * (RAW + 4) +
	             (size_t)row * 4);
}

static const struct fail *
read_idx(struct input *in, const char *name)
{
	const struct fail *f;
	size_t len;

	in->name = name;
	f = file_read((char **)&in->idx, &len, mem_printf("%s.idx", name));
	if (f != NULL)
		return f;
	if (in->idx == NULL || len < IDX_IDS + IDX_TAIL ||
	    memcmp(in->idx, idx_magic, IDX_HEAD) != 0)
		return damaged(in);
	in->count = get32(in->idx + IDX_IDS - 4);
	if (len != IDX_IDS + IDX_TAIL + (size_t)in->count * IDX_ROW)
		return damaged(in);
	return NULL;
}

static const struct fail *
read_pack(struct input *in)
{
	const unsigned char *tail =
	    in->idx + IDX_IDS + (size_t)in->count * IDX_ROW;
	const struct fail *f;
	size_t len;
	uint32_t i;

	f = file_read((char **)&in->pack, &len,
	    mem_printf("%s.pack", in->name));
	if (f != NULL)
		return f;
	if (in->pack == NULL || len < PACK_HEAD + RAW || len > INT32_MAX ||
	    memcmp(in->pack, pack_magic, sizeof(pack_magic)) != 0 ||
	    get32(in->pack + sizeof(pack_magic)) != in->count ||
	    memcmp(in->pack + len - RAW, tail, RAW) != 0)
		return damaged(in);
	in->end = (uint32_t)len - RAW;
	in->places = mem_alloc((in->count + 1) * sizeof(*in->places));
	for (i = 0; i < in->count; i++)
		in->places[i] = (struct place){row_offset(in, i), i};
	qsort(in->places, in->count, sizeof(*in->places), compare_places);
	in->places[in->count].offset = in->end;
	return NULL;
}

/* The id of the object that begins at offset, or NULL. */
static const unsigned char *
id_at(const struct input *in, uint32_t offset)
{
	const struct place key = {offset, 0}, *found;

	found =
	    bsearch(&key, in->places, in->count, sizeof(key), compare_places);
	return found == NULL ? NULL : row_id(in, found->row);
}

/* The head of an object: its size and type, and where its base is. */
struct header {
	size_t size_len, len; /* of the first part; of all of it */
	int type;
	const unsigned char *base; /* the id, of a delta */
};

static bool
read_header(struct header *h, const struct input *in, uint32_t from,
    uint32_t to)
{
	const unsigned char *p = in->pack + from, *end = in->pack + to;
	uint32_t back;

	*h = (struct header){.type = *p >> 4 & 7};
	while (p < end && (*p & 0x80) != 0)
		p++;
	p++;
	h->size_len = (size_t)(p - (in->pack + from));
	if (h->type == REF_DELTA) {
		h->base = p;
		p += RAW;
	} else if (h->type == OFS_DELTA && p < end) {
		back = *p & 0x7f;
		while ((*p & 0x80) != 0 && p + 1 < end)
			back = (back + 1) << 7 | (*++p & 0x7f);
		p++;
		h->base = back > from ? NULL : id_at(in, from - back);
	}
	h->len = (size_t)(p - (in->pack + from));
	return p <= end && h->size_len <= HEADER_MAX - RAW &&
	       (h->base != NULL || (h->type != OFS_DELTA && p < end));
}

/* The head as it shall be: a base that has been written is told by how far
 * back it is, another one by its id. */
static size_t
make_header(unsigned char *to, const struct output *out, const struct header *h,
    const unsigned char *old)
{
	unsigned char back[8];
	size_t at = sizeof(back);
	uint32_t slot, n;

	memcpy(to, old, h->size_len);
	if (h->base == NULL)
		return h->size_len;
	slot = *slot_of(out, h->base);
	if (slot == 0 || out->objects[slot - 1].offset == 0) {
		to[0] = (unsigned char)((old[0] & 0x8f) | REF_DELTA << 4);
		memcpy(to + h->size_len, h->base, RAW);
		return h->size_len + RAW;
	}
	n = out->pack.at - out->objects[slot - 1].offset;
	back[--at] = n & 0x7f;
	while ((n >>= 7) != 0)
		back[--at] = (unsigned char)(0x80 | (--n & 0x7f));
	to[0] = (unsigned char)((old[0] & 0x8f) | OFS_DELTA << 4);
	memcpy(to + h->size_len, back + at, sizeof(back) - at);
	return h->size_len + sizeof(back) - at;
}

/* Copy the object that stands in in's nth place, unless it is there. */
static const struct fail *
copy_object(struct output *out, const struct input *in, uint32_t n)
{
	uint32_t from = in->places[n].offset, to = in->places[n + 1].offset;
	uint32_t row = in->places[n].row, slot;
	unsigned char head[HEADER_MAX];
	const unsigned char *rest;
	struct object *o;
	struct header h;
	size_t len;
	uLong crc;

	slot = *slot_of(out, row_id(in, row));
	if (slot == 0 || from < PACK_HEAD || to <= from || to > in->end ||
	    crc32(0, in->pack + from, to - from) != row_crc(in, row) ||
	    !read_header(&h, in, from, to))
		return damaged(in);
	o = &out->objects[slot - 1];
	if (o->offset != 0)
		return NULL;
	rest = in->pack + from + h.len;
	len = make_header(head, out, &h, in->pack + from);
	crc = crc32(0, head, (uInt)len);
	crc = crc32(crc, rest, (uInt)(to - from - h.len));
	o->crc = (uint32_t)crc;
	o->offset = out->pack.at;
	sink_write(&out->pack, head, len);
	sink_write(&out->pack, rest, to - from - h.len);
	return NULL;
}

/* Count what pack name has, or (write) copy it. */
static const struct fail *
take_pack(struct output *out, const char *name, bool write)
{
	struct mem_mark mark = mem_mark();
	const struct fail *f;
	struct input in;
	uint32_t n, *slot;

	f = read_idx(&in, name);
	if (f == NULL && write)
		f = read_pack(&in);
	for (n = 0; f == NULL && n < in.count; n++) {
		if (write) {
			f = copy_object(out, &in, n);
			continue;
		}
		slot = slot_of(out, row_id(&in, n));
		if (*slot != 0)
			continue;
		memcpy(out->objects[out->count].id, row_id(&in, n), RAW);
		*slot = ++out->count;
	}
	if (f == NULL)
		mem_release(mark);
	return f;
}

static int
compare_objects(const void *a, const void *b)
{
	const struct object *x = a, *y = b;

	return memcmp(x->id, y->id, RAW);
}

/* The idx of out, whose objects are sorted by id then. */
static const struct fail *
write_idx(struct output *out, const char *file)
{
	unsigned char ignored[RAW];
	const struct fail *f;
	struct sink idx;
	uint32_t i, byte;

	qsort(out->objects, out->count, sizeof(*out->objects), compare_objects);
	f = sink_open(&idx, file);
	if (f != NULL)
		return f;
	sink_write(&idx, idx_magic, sizeof(idx_magic));
	for (i = 0, byte = 0; byte < 256; byte++) {
		while (i < out->count && out->objects[i].id[0] == byte)
			i++;
		sink_write32(&idx, i);
	}
	for (i = 0; i < out->count; i++)
		sink_write(&idx, out->objects[i].id, RAW);
	for (i = 0; i < out->count; i++)
		sink_write32(&idx, out->objects[i].crc);
	for (i = 0; i < out->count; i++)
		sink_write32(&idx, out->objects[i].offset);
	sink_write(&idx, out->sum, RAW);
	return sink_close(ignored, &idx);
}

/* Copy the packs into file; its sum is to be their name. */
static const struct fail *
write_pack(struct output *out, const char *file, const char *const *packs,
    size_t n)
{
	const struct fail *f, *end;
	size_t i;

	f = sink_open(&out->pack, file);
	if (f != NULL)
		return f;
	sink_write(&out->pack, pack_magic, sizeof(pack_magic));
	sink_write32(&out->pack, out->count);
	for (i = 0; f == NULL && i < n; i++)
		f = take_pack(out, packs[i], true);
	end = sink_close(out->sum, &out->pack);
	return f == NULL ? end : f;
}

const struct fail *
store_git_copy(const char **sum, const char *pack, const char *idx,
    const char *const *packs, size_t n, size_t objects)
{
	struct output out = {0};
	const struct fail *f = NULL;
	size_t i;

	for (out.mask = 1; out.mask < objects * 2; out.mask *= 2)
		;
	out.slots = mem_alloc(out.mask * sizeof(*out.slots));
	out.mask--;
	out.objects = mem_alloc(objects * sizeof(*out.objects));
	for (i = 0; f == NULL && i < n; i++)
		f = take_pack(&out, packs[i], false);
	if (f == NULL)
		f = write_pack(&out, pack, packs, n);
	if (f == NULL)
		f = write_idx(&out, idx);
	*sum = hash_hex(out.sum, RAW);
	return f;
}
