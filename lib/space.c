#include "space.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/statvfs.h>

#include "fail.h"

const struct fail *
space_check(const struct conf *conf)
{
	struct statvfs st;

	if (conf->space_reserve == 0 || statvfs(conf->data, &st) != 0 ||
	    (uint64_t)st.f_bavail * st.f_frsize >> 20 >=
	        (uint64_t)conf->space_reserve)
		return NULL;
	return fail(FAIL_BUSY,
	    "less than %ld MB are left where %s is (space_reserve): only what "
	    "takes away is done",
	    conf->space_reserve, conf->data);
}
