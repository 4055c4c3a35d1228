#!/bin/sh
# sutler under busybox's httpd, for a small machine.  Install with
#
#	make install CGIDIR=/srv/sutler/cgi-bin/sutler
#
# edit the next lines, and run this as a user of its own, who has the data
# directory.  The configuration's public_url ends in /cgi-bin/sutler, since this
# server runs programs below /cgi-bin/ only; there the dashboard is index.html,
# a program, since this server sets no header on a file.
#
# It passes the body of a POST alone: clients that PUT, PATCH or DELETE with one
# have to POST, with "?_method=PATCH" and so on.  It passes no Authorization of
# the kind Basic, so that no provider gets in.  /vendor/<uuid> leads nowhere.
ROOT=/srv/sutler
LISTEN=127.0.0.1:8080
SUTLER_CONF=/etc/sutler.conf

export SUTLER_CONF
PATH=/usr/local/bin:/usr/bin:/bin
exec busybox httpd -f -p "$LISTEN" -h "$ROOT"
