#ifndef SUTLER_OPERATOR_H
#define SUTLER_OPERATOR_H

#include "cgi.h"

/* How the store is, in cgi-bin/operator-store.c. */
cgi_handler operator_store;

/* What a manifest breaks, in cgi-bin/operator-manifest.c. */
cgi_handler operator_manifest;

/* Proposals, in cgi-bin/operator-proposal.c. */
cgi_handler operator_proposals, operator_proposal, operator_apply;

#endif
