#ifndef SUTLER_CLIENT_H
#define SUTLER_CLIENT_H

#include "conf.h"
#include "dialect.h"

/* The longest answer of a provider that is read, in bytes. */
enum { CLIENT_ANSWER_MAX = 256 << 10, CLIENT_CONNECT_TIMEOUT = 5 };

/*
 * Send x over HTTP and fill in its answer, within timeout seconds in all.
 * The program conf->libexec/send does it, so that no program that sees records
 * opens a socket.  It never fails: status 0 and trouble tell.  No redirect is
 * followed, no proxy used; http and private addresses only where conf says
 * so; the address is checked after resolution.
 *
 * The question goes to send's stdin as one JSON object {method, url, user,
 * password, accept, headers, body, form, timeout, connect_timeout, allow_http,
 * allow_private, inspect}; the answer comes back as {status, trouble} on one
 * line and the body's bytes behind it.
 */
void client_send(struct exchange *x, const struct conf *conf, long timeout);

/* True where this process has sent anything to anyone but etcd. */
bool client_spoke(void);

#endif
