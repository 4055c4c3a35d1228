#ifndef SUTLER_PEER_H
#define SUTLER_PEER_H

#include <stdbool.h>

struct conf;

/*
 * Whose address a request comes from: REMOTE_ADDR, or, where that is one of
 * conf->trusted_proxy, the last hop of X-Forwarded-For that is none of them.
 */

/* The address as inet_ntop(3) prints it, IPv4 for one that IPv6 maps; NULL: the
 * server tells none (a Unix socket). */
const char *peer_address(const struct conf *conf);

/* What one client has of addresses: an IPv4 address, or the first 64 bits of
 * an IPv6 one ("2001:db8::/64").  address is peer_address()'s. */
const char *peer_block(const char *address);

/* No telling who it is: no address, or this machine's own, behind which all
 * the world may stand. */
bool peer_is_local(const char *address);

/* True where text is a list of addresses, with blanks or commas between. */
bool peer_list_fits(const char *text);

#endif
