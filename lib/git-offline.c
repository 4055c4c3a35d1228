/*
 * libgit2 without its network.  sutler only ever uses a local repository that
 * has neither remotes nor submodules, but Debian's archive reaches from both
 * into HTTP, ssh and TLS, and linking those would make every CGI program
 * start many times slower.  The way is cut where the rest of libgit2 enters
 * it: there is no remote, no submodule and no transport.  The names are
 * libgit2's own, many of them private, so the version is checked; git2.h, which
 * declares some of them, is not included.
 */
#include <stdbool.h>
#include <stddef.h>

#include <git2/version.h>

#if LIBGIT2_VER_MAJOR != 1 || LIBGIT2_VER_MINOR != 5
#error "git-offline.c knows libgit2 1.5 only: use make GIT2=dynamic"
#endif

enum { NOT_FOUND = -3 /* GIT_ENOTFOUND */ };

#define NOTHING __attribute__((alias("nothing")))
#define MISSING __attribute__((alias("missing")))

/* Set up, released, or no object. */
static void *
nothing(void)
{
	return NULL;
}

/* What does not exist. */
static int
missing(void)
{
	return NOT_FOUND;
}

/* settings of transports */
extern bool git_http__expect_continue, git_smart__ofs_delta_enabled;
bool git_http__expect_continue, git_smart__ofs_delta_enabled;

/* streams */
void *git_openssl_stream_global_init(void) NOTHING;
void *git_mbedtls_stream_global_init(void) NOTHING;
void *git_stream_registry_global_init(void) NOTHING;
void *git_transport_ssh_global_init(void) NOTHING;
int git_mbedtls__set_cert_location(void) MISSING;

/* remotes */
void *git_remote_free(void) NOTHING;
void *git_remote__matching_dst_refspec(void) NOTHING;
void *git_remote__matching_refspec(void) NOTHING;
int git_remote_create(void) MISSING;
int git_remote_list(void) MISSING;
int git_remote_lookup(void) MISSING;
int git_refspec__rtransform(void) MISSING;
int git_refspec__transform(void) MISSING;

/* submodules */
void *git_submodule_cache_free(void) NOTHING;
void *git_submodule_cache_init(void) NOTHING;
void *git_submodule_foreach(void) NOTHING;
void *git_submodule_free(void) NOTHING;
void *git_submodule_head_id(void) NOTHING;
void *git_submodule_wd_id(void) NOTHING;
int git_submodule_add_to_index(void) MISSING;
int git_submodule_ignore(void) MISSING;
int git_submodule_location(void) MISSING;
int git_submodule_lookup(void) MISSING;
int git_submodule__lookup_with_cache(void) MISSING;
int git_submodule_open(void) MISSING;
int git_submodule_parse_ignore(void) MISSING;
int git_submodule_status(void) MISSING;
int git_submodule__status(void) MISSING;
