#include "ask.h"

#include "account.h"
#include "hash.h"
#include "record.h"
#include "token.h"
#include "clock.h"

static const struct route routes[] = {
    {"GET",  "/v1/apps/user/u",     AUTH_USER,      echo},
    {"POST", "/v1/apps/token/t",    AUTH_API_TOKEN, echo},
    {"GET",  "/vendor/apps/:ident", AUTH_PROVIDER,  echo},
    {"GET",  "/v1/apps/guest/g",    AUTH_GUEST,     echo},
    {"GET",  "/v1/apps/portal/p",   AUTH_PORTAL,    echo},
};

static struct conf conf;
static struct act act;
static struct account *ada;
static const char *api_token, *user_token;

static void
must(const struct fail *f)
{
	if (f == NULL)
		return;
	printf("Bail out! %s\n", f->text);
	exit(1);
}

static void
save(const struct account *a)
{
	struct event e = event_new("%s: saved", a->name);

	must(store_lock(act.store));
	account_put(act.store, a);
	must(event_commit(NULL, &act, &e));
}

static void
make_account(void)
{
	conf.data = mem_printf("%s/data", dir);
	act.conf = &conf;
	act.request_id = "t";
	must(record_store(&act.store, &conf));
	must(token_key_new(conf.data));
	must(account_new(&ada, "ada", "ada@b.example", true));
	api_token = account_token_add(ada, "first");
	save(ada);
	must(token_make(&user_token, act.store, ada, ada->tokens->id,
	    clock_now()));
}

static const char *
basic(const char *pair)
{
	return mem_printf("HTTP_AUTHORIZATION=Basic %s",
	    hash_base64(pair, strlen(pair)));
}

static void
test_user(void)
{
	const char *const good[] = {
	    mem_printf("HTTP_AUTHORIZATION=Bearer %s", user_token),
	    mem_printf("HTTP_AUTHORIZATION=bearer  %s", user_token),
	    mem_printf("REDIRECT_HTTP_AUTHORIZATION=Bearer %s", user_token),
	    mem_printf("HTTP_AUTHORIZATION=Bearer %s", api_token),
	};
	const char *const bad[] = {
	    "",
	    "REMOTE_USER=ada",
	    "HTTP_AUTHORIZATION=",
	    "HTTP_AUTHORIZATION=Bearer",
	    "HTTP_AUTHORIZATION=Bearer ",
	    "HTTP_AUTHORIZATION=Bearer x",
	    "HTTP_AUTHORIZATION=Bearer tk-us-x",
	    mem_printf("HTTP_AUTHORIZATION=Bearer%s", user_token),
	    mem_printf("HTTP_AUTHORIZATION=%s", user_token),
	    mem_printf("HTTP_AUTHORIZATION=Token %s", user_token),
	    mem_printf("HTTP_AUTHORIZATION=Bearer %s x", user_token),
	    basic(mem_printf(":%s", api_token)),
	    mem_printf("HTTP_AUTHORIZATION=Basic x\n"
	               "REDIRECT_HTTP_AUTHORIZATION=Bearer %s",
	        user_token),
	};
	struct reply r;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		is(member(ask("GET", "/user/u", good[i]), "account"), "ada",
		    "a user, by %zu", i);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		r = ask("GET", "/user/u", bad[i]);
		is(r.body, "{\"error\":\"Invalid credentials\"}",
		    "no user, by %zu", i);
		ok(r.status == 401 &&
		        has(r, "WWW-Authenticate: Bearer "
		               "realm=\"sutler\"") &&
		        *r.log == '\0',
		    "its head, and no word in the log");
	}
}

static void
test_basic(void)
{
	const char *const bad[] = {
	    "",
	    basic(api_token),
	    basic(":"),
	    basic(":tk-us-x"),
	    basic(""),
	    basic(mem_printf("ada:%s", api_token)),
	    basic(mem_printf(":%s:", api_token)),
	    "HTTP_AUTHORIZATION=Basic !!!",
	    mem_printf("HTTP_AUTHORIZATION=Bearer %s", user_token),
	};
	struct reply r;
	size_t i;

	r = ask("POST", "/token/t", basic(mem_printf(":%s", api_token)));
	is(member(r, "account"), "ada", "an API token as the password");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		r = ask("POST", "/token/t", bad[i]);
		ok(r.status == 401 && has(r, "WWW-Authenticate: Basic "
		                             "realm=\"sutler\""),
		    "no API token, by %zu", i);
	}
	r = ask_with(mem_printf("REQUEST_METHOD=POST\nPATH_INFO=/token/t\n"
	                        "CONTENT_LENGTH=1\n%s",
	                 basic(":x")),
	    "{");
	ok(r.status == 401, "who asks comes before what");
	for (i = 0; i < 3; i++) {
		static const char *const pairs[] = {"x:y", ":", "x:"};

		r = ask("GET", "/x",
		    mem_printf("SCRIPT_NAME=/vendor/apps\n%s",
		        basic(pairs[i])));
		is(r.body,
		    "{\"id\":\"unauthorized\","
		    "\"message\":\"Invalid credentials\"}",
		    "no provider: %s", pairs[i]);
	}
}

static void
test_guest(void)
{
	struct reply r;

	is(member(ask("GET", "/guest/g", ""), "account"), "null", "a guest");
	is(member(ask("GET", "/guest/g",
	              mem_printf("HTTP_AUTHORIZATION=Bearer %s", user_token)),
	       "account"),
	    "ada", "a guest who is known");
	ok(ask("GET", "/guest/g", basic("x:y")).status == 200,
	    "what is no Bearer does not count");
	r = ask("GET", "/guest/g", "HTTP_AUTHORIZATION=Bearer x");
	ok(r.status == 401 &&
	        has(r, "WWW-Authenticate: Bearer realm=\"sutler\""),
	    "a token that is none is no guest's");
}

static void
test_portal(void)
{
	const char *const good[] = {
	    basic(mem_printf("ada:%s", api_token)),
	    basic(mem_printf("ada@b.example:%s", api_token)),
	    basic(mem_printf("Ada@B.example:%s", api_token)),
	    mem_printf("HTTP_AUTHORIZATION=Bearer %s", api_token),
	    mem_printf("HTTP_AUTHORIZATION=Bearer %s", user_token),
	};
	const char *const bad[] = {
	    "",
	    basic(mem_printf(":%s", api_token)),
	    basic(mem_printf("bob:%s", api_token)),
	    basic(mem_printf("ada:%s", user_token)),
	    basic("ada:"),
	    basic("ada@b.example:tk-us-x"),
	    "HTTP_AUTHORIZATION=Bearer x",
	};
	struct reply r;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		is(member(ask("GET", "/portal/p", good[i]), "account"), "ada",
		    "the portal, by %zu", i);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		r = ask("GET", "/portal/p", bad[i]);
		ok(r.status == 401, "not the portal, by %zu", i);
	}
}

/* "user:password" of a provider, and what it is answered. */
static void
provider_is(const char *pair, int status)
{
	struct reply r = ask("GET", "/x",
	    mem_printf("SCRIPT_NAME=/vendor/apps\n%s", basic(pair)));

	ok(r.status == status, "%s: %d", pair, status);
}

static void
test_provider(void)
{
	static const char manifest[] =
	    "{\"id\":\"tide\",\"api\":{\"config_vars\":[\"TIDE_URL\"],"
	    "\"regions\":[\"us\"],\"password\":\"first-one\","
	    "\"production\":\"https://tide.example/\"}}";
	struct finding *findings;
	struct provider *p;
	cJSON *json;
	struct event e;

	must(json_parse(&json, manifest, strlen(manifest)));
	must(provider_new(&p, &findings, json, NULL, NULL, NULL, false, false));
	must(store_lock(act.store));
	must(provider_put(act.store, p));
	e = event_new("tide: registered");
	must(event_commit(NULL, &act, &e));
	provider_is("tide:first-one", 200);
	provider_is("tide:second-one", 401);
	/* what an unknown name is compared with */
	provider_is("tide:0b8e1c64f5d94a7792de3f80a1c26b35", 401);

	must(store_lock(act.store));
	must(provider_new_password(&p, p, "second-one", 60000));
	must(provider_put_again(act.store, p));
	e = event_new("tide: password changed");
	must(event_commit(NULL, &act, &e));
	provider_is("tide:second-one", 200);
	provider_is("tide:first-one", 200);
	provider_is("tide:third-one", 401);
	provider_is("tide:", 401);

	must(store_lock(act.store));
	p->old_until = clock_text(clock_now() - 1);
	must(provider_put_again(act.store, p));
	e = event_new("tide: its time is over");
	must(event_commit(NULL, &act, &e));
	provider_is("tide:second-one", 200);
	provider_is("tide:first-one", 401);
	provider_is("tide:0b8e1c64f5d94a7792de3f80a1c26b35", 401);
}

static void
test_disabled(void)
{
	const char *const by[] = {
	    mem_printf("HTTP_AUTHORIZATION=Bearer %s", user_token),
	    mem_printf("HTTP_AUTHORIZATION=Bearer %s", api_token),
	    basic(mem_printf(":%s", api_token)),
	};
	size_t i;

	ada->disabled = true;
	save(ada);
	for (i = 0; i < 3; i++)
		ok(ask(i < 2 ? "GET" : "POST", i < 2 ? "/user/u" : "/token/t",
		       by[i])
		            .status == 401,
		    "a disabled account, by %zu", i);
}

int
main(void)
{
	if (getenv("TEST_CGI") != NULL)
		return cgi_serve(routes, sizeof(routes) / sizeof(routes[0]));
	if (!ask_start("test-auth"))
		return 1;
	make_account();
	test_user();
	test_basic();
	test_guest();
	test_portal();
	test_provider();
	test_disabled();

	ask_end();
	return done();
}
