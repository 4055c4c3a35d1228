#include "peer.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "mem.h"

enum { ADDRESS_MAX = 64, V4 = 4, V6 = 16, HOPS_MAX = 32 };

static const char between[] = " \t,";

/* The bytes of an address; returns how many, or 0: text is none. */
static size_t
parse(unsigned char out[V6], const char *text, size_t len)
{
	static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
	char copy[ADDRESS_MAX];

	if (len == 0 || len >= sizeof(copy))
		return 0;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (inet_pton(AF_INET, copy, out) == 1)
		return V4;
	if (inet_pton(AF_INET6, copy, out) != 1)
		return 0;
	if (memcmp(out, mapped, sizeof(mapped)) != 0)
		return V6;
	memmove(out, out + sizeof(mapped), V4);
	return V4;
}

static const char *
print(const unsigned char *bytes, size_t size)
{
	char text[ADDRESS_MAX];

	if (inet_ntop(size == V4 ? AF_INET : AF_INET6, bytes, text,
	        sizeof(text)) == NULL)
		return NULL;
	return mem_copy(text);
}

static bool
is_listed(const char *list, const char *address)
{
	unsigned char bytes[V6];
	const char *one;
	size_t len, size;

	for (; list != NULL && *list != '\0'; list += len) {
		list += strspn(list, between);
		len = strcspn(list, between);
		size = parse(bytes, list, len);
		one = size == 0 ? NULL : print(bytes, size);
		if (one != NULL && strcmp(one, address) == 0)
			return true;
	}
	return false;
}

bool
peer_list_fits(const char *text)
{
	unsigned char bytes[V6];
	size_t len;

	for (; *text != '\0'; text += len) {
		text += strspn(text, between);
		len = strcspn(text, between);
		if (len > 0 && parse(bytes, text, len) == 0)
			return false;
	}
	return true;
}

/* The last hop of the list that ends before *end, which moves ahead of it;
 * NULL: there is none, or it is no address. */
static const char *
last_hop(const char *list, size_t *end)
{
	unsigned char bytes[V6];
	size_t from, size;

	while (*end > 0 && strchr(between, list[*end - 1]) != NULL)
		--*end;
	for (from = *end; from > 0 && strchr(between, list[from - 1]) == NULL;)
		from--;
	size = parse(bytes, list + from, *end - from);
	*end = from;
	return size == 0 ? NULL : print(bytes, size);
}

const char *
peer_address(const struct conf *conf)
{
	const char *hops = getenv("HTTP_X_FORWARDED_FOR");
	const char *remote = getenv("REMOTE_ADDR"), *address, *hop;
	unsigned char bytes[V6];
	size_t end, size;
	int i;

	size = remote == NULL ? 0 : parse(bytes, remote, strlen(remote));
	address = size == 0 ? NULL : print(bytes, size);
	if (hops == NULL || address == NULL || conf->trusted_proxy == NULL)
		return address;
	end = strlen(hops);
	/* what a client wrote itself stands before what a proxy adds */
	for (i = 0; i < HOPS_MAX && is_listed(conf->trusted_proxy, address);
	     i++) {
		hop = last_hop(hops, &end);
		if (hop == NULL)
			break;
		address = hop;
	}
	return address;
}

const char *
peer_block(const char *address)
{
	unsigned char bytes[V6];
	size_t size;

	size = address == NULL ? 0 : parse(bytes, address, strlen(address));
	if (size != V6)
		return address;
	memset(bytes + V6 / 2, 0, V6 / 2);
	return mem_printf("%s/64", print(bytes, size));
}

bool
peer_is_local(const char *address)
{
	return address == NULL || strncmp(address, "127.", 4) == 0 ||
	       strcmp(address, "::1") == 0;
}
