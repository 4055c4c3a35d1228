/*
 * libgit2 without its network.  sutler only ever uses a local repository, but
 * Debian's archive refers to ssh, TLS and Negotiate, and linking those would
 * make every CGI program start ten times slower.  These entry points stand in
 * for them: the two that set a transport up succeed, all that would use one
 * fails.  Their signatures are libgit2's own and private, so the version is
 * checked.
 */
#include <git2.h>

#if LIBGIT2_VER_MAJOR != 1 || LIBGIT2_VER_MINOR != 5
#error "git-offline.c knows libgit2 1.5 only: use make GIT2=dynamic"
#endif

int git_transport_ssh_global_init(void);
int git_smart_subtransport_ssh(void *out, void *owner, void *param);
int git_transport_ssh_with_paths(void *out, void *owner, void *payload);
int git_mbedtls_stream_global_init(void);
int git_mbedtls_stream_new(void *out, const char *host, const char *port);
int git_mbedtls_stream_wrap(void *out, void *in, const char *host);
int git_mbedtls__set_cert_location(const char *file, const char *path);
int git_http_auth_negotiate(void *out, const void *url);

int
git_transport_ssh_global_init(void)
{
	return 0;
}

int
git_smart_subtransport_ssh(void *out, void *owner, void *param)
{
	(void)out, (void)owner, (void)param;
	return -1;
}

int
git_transport_ssh_with_paths(void *out, void *owner, void *payload)
{
	(void)out, (void)owner, (void)payload;
	return -1;
}

int
git_mbedtls_stream_global_init(void)
{
	return 0;
}

int
git_mbedtls_stream_new(void *out, const char *host, const char *port)
{
	(void)out, (void)host, (void)port;
	return -1;
}

int
git_mbedtls_stream_wrap(void *out, void *in, const char *host)
{
	(void)out, (void)in, (void)host;
	return -1;
}

int
git_mbedtls__set_cert_location(const char *file, const char *path)
{
	(void)file, (void)path;
	return -1;
}

int
git_http_auth_negotiate(void *out, const void *url)
{
	(void)out, (void)url;
	return -1;
}
