#!/bin/sh
# tests/man.sh SUTLER README DIRECTORY
#
# Writes the manual pages into DIRECTORY: sutler.1, whose commands are those of
# `SUTLER --help`, and sutler.conf.5, whose keys are the README's.
set -eu

sutler=$1
readme=$2
out=$3

# Text of Markdown or none as mdoc(7) has it: a `word` in bold.
plain='
function plain(text,    parts, n, i, done) {
	gsub(/\\/, "\\e", text)
	n = split(text, parts, "`")
	for (i = 1; i <= n; i++)
		done = done (i % 2 ? parts[i] : "\\fB" parts[i] "\\fP")
	gsub(/…/, "...", done)
	return done ~ /^[.\047]/ ? "\\\\&" done : done
}
'

commands()
{
	"$sutler" --help | awk "$plain"'
		/^  sutler / {
			words = usage = ""
			for (i = 2; i <= NF; i++)
				if (usage == "" && $i ~ /^[a-z]+$/)
					words = words " " $i
				else
					usage = usage " " $i
			print ".It Ic" words (usage == "" ? "" : " Ar" plain(usage))
		}
		/^        / { sub(/^ */, ""); print plain($0) }'
}

keys()
{
	awk -F ' *\\| *' "$plain"'
		/^\| key \| default \|/ { inside = 1; next }
		!inside || /^\|-/ { next }
		!/^\|/ { exit }
		{
			n = split($2, names, /, */)
			for (i = 1; i <= n; i++) {
				gsub(/`/, "", names[i])
				line = (i == 1 ? ".It" : line " ,") " Va " names[i]
			}
			print line
			print plain($4) "."
			print ".br"
			print $3 == "required" ? "It must be set." \
				: "Default: " plain($3) "."
		}' "$readme"
}

conf=$("$sutler" --help | sed -n 's/^The configuration is .*, or \(.*\)\.$/\1/p')

cat >"$out/sutler.1" <<END
.Dd November 24, 2026
.Dt SUTLER 1
.Os
.Sh NAME
.Nm sutler
.Nd run an add-on marketplace
.Sh SYNOPSIS
.Nm
.Op Fl -conf Ar FILE
.Ar COMMAND
.Op Fl -json
.Op Ar argument ...
.Nm
.Op Ar COMMAND
.Fl -help
.Sh DESCRIPTION
.Nm
is the operator's side of a marketplace whose apps buy add-ons from providers.
The other side is a set of CGI programs; both work on one data directory, which
the configuration names.
What a command changes is a commit of that directory's
.Pa store ,
as what the programs change is.
.Pp
Run by root, it acts as the owner of the data directory.
.Pp
With
.Fl -json
the commands that print records print them as JSON, else as columns with tabs
between them.
.Sh COMMANDS
.Bl -tag -width Ds
$(commands)
.El
.Sh ENVIRONMENT
.Bl -tag -width Ds
.It Ev SUTLER_CONF
The configuration, where
.Fl -conf
does not name it.
.El
.Sh FILES
.Bl -tag -width Ds
.It Pa $conf
The configuration otherwise.
.It Pa DATA/store
The records, and the git repository with their history.
.It Pa DATA/index
Made of the records, and made anew by
.Ic sutler reindex .
.It Pa DATA/state
The journal, transcripts and the like.
.It Pa DATA/key
What tokens are signed with.
.El
.Sh EXIT STATUS
0; 1 where something was refused or failed, with the reason on the standard
error; 2 for wrong usage.
.Sh EXAMPLES
A first account and its app:
.Bd -literal -offset indent
sutler init
sutler account add ana ana@example.org
sutler app create shop \\-\\-owner ana
.Ed
.Pp
What is owed to providers, once a minute from
.Xr cron 8 :
.Bd -literal -offset indent
* * * * * sutler tick
.Ed
.Sh SEE ALSO
.Xr git 1 ,
.Xr sutler.conf 5
END

cat >"$out/sutler.conf.5" <<END
.Dd November 24, 2026
.Dt SUTLER.CONF 5
.Os
.Sh NAME
.Nm sutler.conf
.Nd configuration of an add-on marketplace
.Sh DESCRIPTION
A line has a key, an equals sign and its value; # at its beginning or behind a
blank starts a comment.
A key that is unknown or given twice, and a value that it cannot have, are
refused with the file's name and the line.
Relative paths are taken from the file's own directory.
.Pp
The file is read for every request and by every command, so that a change holds
at once.
.Bl -tag -width Ds
$(keys)
.El
.Sh FILES
.Bl -tag -width Ds
.It Pa $conf
Read where neither
.Ev SUTLER_CONF
nor the option
.Fl -conf
of
.Xr sutler 1
names another file.
.El
.Sh EXAMPLES
.Bd -literal -offset indent
data = /var/lib/sutler
public_url = https://market.example.org
.Ed
.Sh SEE ALSO
.Xr sutler 1
END
