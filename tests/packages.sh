#!/bin/sh
# tests/packages.sh PACKAGE...
#
# Installs the Debian packages among those named that are missing, as root or
# with sudo.  A web server that comes with them is neither started nor enabled.
set -eu

policy=/usr/sbin/policy-rc.d
servers='lighttpd apache2 nginx fcgiwrap merecat mini-httpd'
placed=
sudo=

die()
{
	printf 'packages: %s\n' "$@" >&2
	exit 1
}

installed()
{
	dpkg-query -W -f '${Status}\n' "$1" 2>/dev/null |
		grep -q '^[a-z]* ok installed$'
}

# Who forbids packages to start their services already may go on doing so.
forbid_starts()
{
	[ ! -e "$policy" ] || return 0
	$sudo sh -c "set -C && printf '#!/bin/sh\nexit 101\n' >$policy"
	placed=yes
	$sudo chmod 755 "$policy"
}

allow_starts()
{
	trap - EXIT
	[ -z "$placed" ] || $sudo rm -f "$policy"
	placed=
}

apt()
{
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get -q "$@"
}

if ! command -v dpkg-query >/dev/null; then
	echo "packages: this is no Debian; please see yourself to:" "$@" >&2
	exit 0
fi
missing=
for name in "$@"; do
	installed "$name" || missing="$missing $name"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null ||
		die "these packages are missing, and there is no sudo; as root, please:" \
			"  apt-get install$missing"
	sudo=sudo
fi
absent=
for name in $servers; do
	installed "$name" || absent="$absent $name"
done

echo "packages: installing$missing"
trap allow_starts EXIT
trap 'exit 1' INT TERM HUP
forbid_starts
# the lists of packages may be missing, or too old
# shellcheck disable=SC2086
apt install -y --no-install-recommends $missing || {
	apt update
	apt install -y --no-install-recommends $missing
}
allow_starts

# Neither now nor at the next boot, whatever starts services there.
for name in $absent; do
	installed "$name" || continue
	echo "packages: $name shall not start by itself"
	if command -v systemctl >/dev/null; then
		$sudo systemctl disable --quiet "$name" || :
	else
		$sudo update-rc.d "$name" disable || :
	fi
done
