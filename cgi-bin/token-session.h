#ifndef SUTLER_TOKEN_SESSION_H
#define SUTLER_TOKEN_SESSION_H

#include "cgi.h"

/* A browser's session: /v1/session. */
cgi_handler session_sign_in, session_show, session_sign_out;

#endif
