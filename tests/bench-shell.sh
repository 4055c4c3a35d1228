#!/bin/sh
# What one would write by hand instead of sutler: a CGI script over one JSON
# file in a git work tree.  It checks no credentials, and little else.
#
#	GET	the app's record
#	PATCH	{"config": {"NAME": "value"}}: merged into it and committed
set -eu

cd "$(dirname "$SUTLER_CONF")/shell"

case $REQUEST_METHOD in
GET)
	answer=$(jq -c '{app: {id, name, owner, created_at, updated_at}}' app.json)
	;;
PATCH)
	head -c "$CONTENT_LENGTH" >"body.$$"
	exec 9>lock
	flock 9
	jq -S --slurpfile body "body.$$" \
		'.addons[0].config += $body[0].config' app.json >"app.$$"
	mv "app.$$" app.json
	rm -f "body.$$"
	git commit -q -m "blog: changed by its provider" app.json
	answer=$(jq -c '{app: {id, name, config: .addons[0].config}}' app.json)
	;;
*)
	printf 'Status: 405 Method Not Allowed\r\n\r\n'
	exit
	;;
esac
printf 'Status: 200 OK\r\nContent-Type: application/json\r\n\r\n%s\n' "$answer"
