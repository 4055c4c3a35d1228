#ifndef SUTLER_CLIENT_H
#define SUTLER_CLIENT_H

#include <sys/types.h>

#include "conf.h"
#include "dialect.h"

/* The longest answer of a provider that is read, in bytes. */
enum { CLIENT_ANSWER_MAX = 256 << 10, CLIENT_CONNECT_TIMEOUT = 5 };

/* The longest answer of the operator's own servers, and line of a stream. */
enum { CLIENT_OWN_MAX = 4 << 20 };

/*
 * Send x over HTTP and fill in its answer, within timeout seconds in all.
 * The program conf->libexec/send does it, so that no program that sees records
 * opens a socket.  It never fails: status 0 and trouble tell.  No redirect is
 * followed, no proxy used; http and private addresses only where conf says
 * so; the address is checked after resolution.
 *
 * The question goes to send's stdin as one JSON object {method, url, user,
 * password, accept, headers, body, form, timeout, connect_timeout, allow_http,
 * allow_private, inspect, own}, own with the members of struct exchange_own and
 * stream; the answer comes back as {status, trouble} on one line and the body's
 * bytes behind it.
 */
void client_send(struct exchange *x, const struct conf *conf, long timeout);

/* Hears a line of len bytes, without its end, NUL behind; NULL: nothing has
 * come for quiet_ms.  A failure ends the stream.  What it allocates is gone
 * after it. */
typedef const struct fail *client_heard(void *arg, const char *line,
    size_t len);

/* The same for an answer of x->own's server that does not end: with status 200
 * each line of it goes to heard as it comes, else x->answer is what came.
 * Returns what heard returned; NULL where the answer ended or there was none,
 * x tells.  A network that is cut ends it after some 10 s. */
const struct fail *client_stream(struct exchange *x, const struct conf *conf,
    long quiet_ms, client_heard *heard, void *arg);

/*
 * Start a send that stays, for x->own's servers: its socket is DATA/state/send,
 * and client_send() prefers it, since it has started and is connected already.
 * It ends with this process; *pid is its.  0, or an errno.
 */
int client_resident(pid_t *pid, const struct conf *conf);

/* True where this process has sent anything to anyone but etcd. */
bool client_spoke(void);

#endif
