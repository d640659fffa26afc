// PCRE2 for Swift, on bytes: functions are imported under their full names, as in pcre2_compile_8.
#pragma once
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
