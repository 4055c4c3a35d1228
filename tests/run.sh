#!/bin/sh
# tests/run.sh [--quiet] BUILD PORT DATA
#
# Serves what was built in BUILD on 127.0.0.1:PORT with lighttpd, in the
# foreground, from the data directory DATA.  A new DATA gets an account, an app
# and the sandbox provider in every dialect; DATA/credentials tells who is who.
# --quiet, or RUN_QUIET in the environment: print troubles alone.
set -eu
umask 077

PATH=$PATH:/usr/sbin:/sbin
quiet=${RUN_QUIET:-}
tree=$(cd "$(dirname "$0")/.." && pwd)
server=
fresh=

say()
{
	[ -n "$quiet" ] || printf '%s\n' "$@"
}

die()
{
	printf 'run: %s\n' "$@" >&2
	exit 1
}

# Runs on every way out; a set-up that broke off leaves nothing behind.
# shellcheck disable=SC2317
stop()
{
	trap - EXIT
	trap '' INT TERM HUP
	if [ -n "$server" ]; then
		kill "$server" 2>/dev/null || :
		wait "$server" 2>/dev/null || :
	fi
	[ -z "$fresh" ] || rm -rf "$data"
}

# The absolute path of $1, whose last part need not be there yet.
absolute()
{
	mkdir -p "$(dirname "$1")"
	printf '%s/%s\n' "$(cd "$(dirname "$1")" && pwd)" "$(basename "$1")"
}

# Both configuration files would misread these.
check_path()
{
	case $1 in
	*'"'* | *\\* | *' #'* | *'
'*) die "the path $1 has a quote, a backslash, a line break or \" #\" in it" ;;
	esac
}

check_port()
{
	case $port in
	'' | *[!0-9]* | ??????*) die "PORT must be a number, not \"$port\"" ;;
	esac
	if [ "$port" -lt 1 ] || [ "$port" -gt 65535 ]; then
		die "PORT must be a number from 1 to 65535, not $port"
	fi
	# 7: nobody answers there
	status=0
	curl -s -o /dev/null --noproxy '*' --max-time 2 "$url/" || status=$?
	[ "$status" = 7 ] ||
		die "port $port is taken; choose another: make run PORT=$((port % 65535 + 1))"
}

# An old DATA must be ours, and made for this port: the providers' URLs in its
# records have it.
check_data()
{
	if [ -f "$data/credentials" ]; then
		old=$(sed -n 's|^URL=http://127\.0\.0\.1:||p' "$data/credentials")
		[ "$old" = "$port" ] ||
			die "$data was made for port $old; use PORT=$old or another DATA"
	elif mkdir "$data" 2>/dev/null; then
		fresh=yes
	elif [ -d "$data" ] && [ -z "$(ls -A "$data")" ]; then
		:
	else
		die "$data is not empty, and no demonstration; use another DATA"
	fi
}

# shellcheck disable=SC2317
random()
{
	od -An -N16 -tx1 /dev/urandom | tr -d ' \n'
}

write_conf()
{
	cat >"$data/sutler.conf" <<END
data = $data
public_url = $url
libexec = $build
allow_http = yes
allow_private = yes
END
	{
		printf 'var.%s = "%s"\n' cgidir "$data/cgi" \
			htdocs "$tree/htdocs" conf "$data/sutler.conf"
		printf 'var.port = %s\n' "$port"
		grep -Ev '^var\.(cgidir|htdocs|port|conf) ' \
			"$tree/tests/servers/lighttpd.conf"
	} >"$data/lighttpd.conf"
}

install_programs()
{
	MAKEFLAGS='' make -s -C "$tree" BUILD="$build" DESTDIR='' \
		CGIDIR="$data/cgi" install-cgi
}

# Runs the command; what it says besides its result matters only if it fails.
sutler()
{
	"$build/sutler" "$@" 2>"$data/setup.log" || {
		cat "$data/setup.log" >&2
		die "sutler $1 failed"
	}
	rm -f "$data/setup.log"
}

write_sandbox()
{
	cat >"$data/sandbox.json" <<END
{
	"credentials": {
		"scalingo": {"user": "sandbox-scalingo", "password": "$scalingo", "salt": "$scalingo_salt"},
		"heroku": {"user": "sandbox-heroku", "password": "$heroku", "salt": "$heroku_salt"},
		"appfog": {"user": "sandbox_appfog", "password": "$appfog", "salt": "$appfog_salt"}
	},
	"resources": []
}
END
}

# plans KEY: the same three for every dialect; AppFog calls the key "id".
plans()
{
	comma=
	printf '['
	while read -r name price text; do
		printf '%s\n\t\t{"%s": "%s", ' "$comma" "$1" "$name"
		[ "$1" = name ] || printf '"name": "%s", ' "$name"
		printf '"price": %s, "description": "%s"}' "$price" "$text"
		comma=,
	done <<END
free 0 Enough to try things on.
big 12.5 A bigger sandbox.
refuse 0 Always refused, to see what a refusal looks like.
END
	printf '\n\t]'
}

# places BASE SSO: the URLs, in production and in test.
places()
{
	one="{\"base_url\": \"$url/sandbox/$1\", \"sso_url\": \"$url/sandbox/$2\"}"
	printf '"production": %s,\n\t"test": %s' "$one" "$one"
}

write_manifests()
{
	mkdir -p "$data/manifests"
	cat >"$data/manifests/sandbox-scalingo.json" <<END
{
	"name": "Sandbox (Scalingo)",
	"username": "sandbox-scalingo",
	"password": "$scalingo",
	"sso_salt": "$scalingo_salt",
	"logo_url": "",
	"short_description": "A provider to try things on.",
	"description": "It plays a provider that speaks **Scalingo's** dialect.",
	"log_drain": false,
	"config_vars": ["SANDBOX_URL", "SANDBOX_TOKEN"],
	$(places scalingo/resources scalingo/sso),
	"plans": $(plans name)
}
END
	cat >"$data/manifests/sandbox-heroku.json" <<END
{
	"id": "sandbox-heroku",
	"name": "Sandbox (Heroku)",
	"api": {
	"config_vars": ["SANDBOX_HEROKU_URL", "SANDBOX_HEROKU_TOKEN"],
	"regions": ["us", "eu"],
	"password": "$heroku",
	"sso_salt": "$heroku_salt",
	$(places heroku/heroku/resources heroku/sso)
	},
	"plans": $(plans name)
}
END
	cat >"$data/manifests/sandbox_appfog.json" <<END
{
	"id": "sandbox_appfog",
	"name": "Sandbox (AppFog)",
	"tags": ["sandbox"],
	"plan_updateable": true,
	"plans": $(plans id),
	"api": {
	"config_vars": ["SANDBOX_APPFOG_URL", "SANDBOX_APPFOG_PORT"],
	"password": "$appfog",
	"sso_salt": "$appfog_salt",
	$(places appfog/resources appfog/sso)
	}
}
END
}

set_up()
{
	scalingo=$(random) scalingo_salt=$(random)
	heroku=$(random) heroku_salt=$(random)
	appfog=$(random) appfog_salt=$(random)
	sutler init "$data" >/dev/null
	token=$(sutler account add demo demo@example.org)
	sutler account operator demo on >/dev/null
	sutler app create blog --owner demo >/dev/null
	write_sandbox
	write_manifests
	for name in sandbox-scalingo sandbox-heroku sandbox_appfog; do
		sutler provider add "$data/manifests/$name.json" \
			--slug "$name" --category Testing >/dev/null
	done
	cat >"$data/credentials.new" <<END
URL=$url
TOKEN=$token
APP=blog
SCALINGO_USER=sandbox-scalingo
SCALINGO_PASSWORD=$scalingo
HEROKU_USER=sandbox-heroku
HEROKU_PASSWORD=$heroku
APPFOG_USER=sandbox_appfog
APPFOG_PASSWORD=$appfog
END
	mv "$data/credentials.new" "$data/credentials"
	fresh=
}

credential()
{
	sed -n "s/^$1=//p" "$data/credentials"
}

serve()
{
	lighttpd -D -f "$data/lighttpd.conf" &
	server=$!
	tries=0
	until curl -s -o /dev/null --noproxy '*' --max-time 2 "$url/"; do
		tries=$((tries + 1))
		kill -0 "$server" 2>/dev/null ||
			die "lighttpd ended at once; its message stands above"
		[ "$tries" -lt 100 ] || die "lighttpd does not answer on port $port"
		sleep 0.1
	done
}

# ids PATH: the ids and names in the answer, line by line.
ids()
{
	curl -s --noproxy '*' --max-time 10 -H "Authorization: Bearer $token" \
		"$url$1" | grep -Eo '"(id|name)": *"[^"]*"' | tr -d ' "' || :
}

greet()
{
	token=$(credential TOKEN)
	user=$(credential SCALINGO_USER):$(credential SCALINGO_PASSWORD)
	plan=$(ids /v1/addon_providers/sandbox-scalingo/plans |
		awk -F: '$1 == "id" {id = $2}
			$0 == "name:free" && !done {print id; done = 1}')
	app=$(ids /v1/apps/blog | sed -n 's/^id://p' | head -n 1)
	shown=$(printf '%s\n' "$data/store" | sed "s/'/'\\\\''/g")
	cat <<END

sutler answers at $url/: open it in a browser, and sign in with
the token of the account demo: $token
(These and the providers' passwords stand in $data/credentials.)

Provision an add-on for the app blog:
  curl -H 'Authorization: Bearer $token' -H 'Content-Type: application/json' -d '{"addon":{"addon_provider_id":"sandbox-scalingo","plan_id":"${plan:-PLAN_ID}"}}' $url/v1/apps/blog/addons

See it as its provider does:
  curl -u $user $url/v1/provider/apps

Change its config as the provider:
  curl -u $user -X PATCH -H 'Content-Type: application/json' -d '{"config":{"SANDBOX_TOKEN":"changed"}}' $url/v1/provider/apps/${app:-APP_ID}

Look at what happened:
  git -C '$shown' log -p

Ctrl-C stops it.

END
}

[ "${1:-}" != --quiet ] || {
	quiet=yes
	shift
}
[ $# -eq 3 ] || {
	echo "usage: tests/run.sh [--quiet] BUILD PORT DATA" >&2
	exit 2
}
build=$(cd "$1" && pwd)
port=$2
url=http://127.0.0.1:$port
data=$(absolute "$3")
for name in lighttpd curl; do
	command -v "$name" >/dev/null || die "$name is not installed"
done
for name in "$build" "$data" "$tree"; do
	check_path "$name"
done
check_port

trap stop EXIT
trap 'exit 0' INT TERM HUP
check_data
SUTLER_CONF=$data/sutler.conf
export SUTLER_CONF
write_conf
install_programs
if [ ! -f "$data/credentials" ]; then
	say "making a demonstration in $data"
	set_up
fi
serve
[ -n "$quiet" ] || greet
wait "$server" || :
die "lighttpd ended by itself"
